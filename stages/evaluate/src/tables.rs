//! The two tables that let anyone check the metrics: lists of recommendations and values a user.

use pipeline::{Context, Kind, TableWriter};
use polars::df;
use recommender::evaluation::Evaluation;

/// Rows in memory as a frame at a time, about.
const BATCH_ROWS: usize = 128 * 1024;

/// Both tables, written model by model.
pub struct Tables {
    recommendations: TableWriter,
    user_metrics: TableWriter,
}

impl Tables {
    /// Starts both.
    pub fn create(context: &Context) -> anyhow::Result<Self> {
        Ok(Self {
            recommendations: TableWriter::create(context, "recommendations", Kind::Recommendations)?,
            user_metrics: TableWriter::create(context, "user_metrics", Kind::UserMetrics)?,
        })
    }

    /// Appends one model's lists and values, in the order of users.
    pub fn write(&mut self, model: &str, evaluation: &Evaluation) -> anyhow::Result<()> {
        let longest = evaluation.users.iter().map(|user| user.list.len().max(user.values.len())).max().unwrap_or(0);
        let users_a_batch = (BATCH_ROWS / longest.max(1)).max(1);
        for users in evaluation.users.chunks(users_a_batch) {
            let places = || users.iter().flat_map(|user| user.list.iter().zip(1_u16..).map(|place| (user.user, place)));
            let frame = df!(
                "model" => vec![model; places().count()],
                "user" => places().map(|(user, _)| user).collect::<Vec<u32>>(),
                "rank" => places().map(|(_, (_, rank))| rank).collect::<Vec<u16>>(),
                "item" => places().map(|(_, (scored, _))| scored.item).collect::<Vec<u32>>(),
                "score" => places().map(|(_, (scored, _))| scored.score).collect::<Vec<f32>>(),
            )?;
            self.recommendations.write(&frame)?;
            let names = &evaluation.metrics;
            let values =
                || users.iter().flat_map(|user| names.iter().zip(&user.values).map(|value| (user.user, value)));
            // A value that is not defined for a user has no row.
            let values = || values().filter(|(_, (_, value))| !value.is_nan());
            let frame = df!(
                "model" => vec![model; values().count()],
                "user" => values().map(|(user, _)| user).collect::<Vec<u32>>(),
                "metric" => values().map(|(_, (name, _))| name.as_str()).collect::<Vec<&str>>(),
                "value" => values().map(|(_, (_, value))| *value).collect::<Vec<f32>>(),
            )?;
            self.user_metrics.write(&frame)?;
        }
        Ok(())
    }

    /// Ends both.
    pub fn finish(self) -> anyhow::Result<()> {
        self.recommendations.finish()?;
        self.user_metrics.finish()?;
        Ok(())
    }
}
