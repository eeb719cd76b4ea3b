//! Lines of review files. The four fields that every row needs are open to faults.

use super::object::{Object, Quoting};
use crate::{
    Layout,
    catalogue::Catalogue,
    shopper::{Review, date, user_key},
};

/// A line before it is written: the needed fields as JSON, or none where they are left out.
#[derive(Clone, Debug)]
pub struct ReviewLine {
    /// JSON of the user.
    pub user: Option<String>,
    /// JSON of the item.
    pub item: Option<String>,
    /// JSON of the rating.
    pub rating: Option<String>,
    /// JSON of the time.
    pub time: Option<String>,
    review: Review,
}

impl ReviewLine {
    /// The sound line of a review.
    pub fn new(layout: Layout, seed: u64, catalogue: &Catalogue, review: Review) -> Self {
        let seconds = review.day * 86_400;
        let time = if layout == Layout::Amazon2023 { seconds * 1000 + review.milliseconds } else { seconds };
        Self {
            user: Some(format!("\"{}\"", user_key(seed, review.user))),
            item: Some(format!("\"{}\"", catalogue.asin(review.item))),
            rating: Some(format!("{}.0", review.rating)),
            time: Some(time.to_string()),
            review,
        }
    }

    /// The line without its break.
    pub fn write(&self, layout: Layout) -> String {
        match layout {
            Layout::Amazon2014 => self.write_2014(),
            Layout::Amazon2018 => self.write_2018(),
            Layout::Amazon2023 => self.write_2023(),
        }
    }

    fn write_2014(&self) -> String {
        let helpful = self.review.votes;
        // Readers who voted at all: some more than found it helpful.
        let all = helpful + helpful / 4 + u32::from(self.review.rating == 3);
        Object::new(Quoting::Json)
            .maybe("reviewerID", self.user.as_ref())
            .maybe("asin", self.item.as_ref())
            .text("reviewerName", &self.name())
            .raw("helpful", format_args!("[{helpful}, {all}]"))
            .text("reviewText", self.review.text.as_deref().unwrap_or_default())
            .maybe("overall", self.rating.as_ref())
            .text("summary", self.review.title.as_deref().unwrap_or_default())
            .maybe("unixReviewTime", self.time.as_ref())
            .text("reviewTime", &self.day())
            .finish()
    }

    fn write_2018(&self) -> String {
        let quote = |text: &String| Quoting::Json.text(text);
        let votes = (self.review.votes > 0).then(|| format!("\"{}\"", thousands(self.review.votes)));
        let style = (self.review.day % 3 == 0).then_some(r#"{"Color:": " Black"}"#);
        Object::new(Quoting::Json)
            .maybe("overall", self.rating.as_ref())
            .maybe("vote", votes)
            .raw("verified", self.review.verified)
            .text("reviewTime", &self.day())
            .maybe("reviewerID", self.user.as_ref())
            .maybe("asin", self.item.as_ref())
            .maybe("style", style)
            .text("reviewerName", &self.name())
            .maybe("reviewText", self.review.text.as_ref().map(quote))
            .maybe("summary", self.review.title.as_ref().map(quote))
            .maybe("unixReviewTime", self.time.as_ref())
            .finish()
    }

    fn write_2023(&self) -> String {
        Object::new(Quoting::Json)
            .maybe("rating", self.rating.as_ref())
            .text("title", self.review.title.as_deref().unwrap_or_default())
            .text("text", self.review.text.as_deref().unwrap_or_default())
            .raw("images", "[]")
            .maybe("asin", self.item.as_ref())
            .maybe("parent_asin", self.item.as_ref())
            .maybe("user_id", self.user.as_ref())
            .maybe("timestamp", self.time.as_ref())
            .raw("helpful_vote", self.review.votes)
            .raw("verified_purchase", self.review.verified)
            .finish()
    }

    fn name(&self) -> String {
        const NAMES: [&str; 8] =
            ["Anna", "José", "Kim", "M. Brown", "Amazon Customer", "Lee \"DIY\" Ray", "Zoë", "Sam"];
        NAMES[self.review.user as usize % NAMES.len()].to_owned()
    }

    /// Such as `06 7, 2018`.
    fn day(&self) -> String {
        let date = date(self.review.day);
        format!("{:02} {}, {}", u8::from(date.month()), date.day(), date.year())
    }
}

/// A count with commas, such as `1,234`.
fn thousands(count: u32) -> String {
    if count < 1000 { count.to_string() } else { format!("{},{:03}", count / 1000, count % 1000) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Settings;

    fn line(layout: Layout) -> String {
        let review = Review {
            user: 1,
            item: 2,
            day: 17_699,
            milliseconds: 5,
            rating: 4,
            verified: true,
            votes: 1234,
            title: Some("Nice".to_owned()),
            text: None,
        };
        let catalogue = Catalogue::new(&Settings::default());
        ReviewLine::new(layout, 42, &catalogue, review).write(layout)
    }

    #[test]
    fn each_layout_names_its_own_fields() {
        assert!(line(Layout::Amazon2014).contains(r#""helpful": [1234, 1542], "reviewText": "", "overall": 4.0"#));
        let middle = line(Layout::Amazon2018);
        assert!(
            middle.starts_with(r#"{"overall": 4.0, "vote": "1,234", "verified": true, "reviewTime": "06 17, 2018""#)
        );
        assert!(middle.ends_with(r#""summary": "Nice", "unixReviewTime": 1529193600}"#), "{middle}");
        assert!(line(Layout::Amazon2023).contains(r#""timestamp": 1529193600005, "helpful_vote": 1234"#));
    }
}
