//! What shoppers did before and what they do during a simulation.

use serde_json::{Value, json};

/// What was done with a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Rated, 1 to 5.
    Rated(f32),
    /// Bought.
    Bought,
}

/// One thing that a shopper does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deed {
    /// Number of the product in [`Replay::items`].
    pub item: u32,
    /// What is done with it.
    pub kind: Kind,
    /// Unix seconds, UTC; a running number where shoppers are made up.
    pub time: i64,
}

/// Somebody who shops.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shopper {
    /// User key on the site.
    pub key: String,
    /// What is posted before anything is measured, oldest first.
    pub before: Vec<Deed>,
}

/// An event of the simulation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// Number of the shopper in [`Replay::shoppers`].
    pub shopper: u32,
    /// What the shopper does.
    pub deed: Deed,
}

/// How far the model that is served knows the events already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// It was not fitted to them.
    HeldOut,
    /// It may have been fitted to them.
    Perhaps,
    /// Nobody ever did what they tell.
    Made,
}

/// Which part of a replay is wanted, and under which names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// At most as many users, drawn by the seed.
    pub users: Option<usize>,
    /// At most as many events, the first ones.
    pub events: Option<usize>,
    /// Decides which users are drawn.
    pub seed: u64,
    /// What the names of users on the site begin with.
    pub prefix: String,
}

/// Everything that is to happen.
#[derive(Clone, Debug, PartialEq)]
pub struct Replay {
    /// Where it comes from, in words.
    pub source: String,
    /// How far the served model knows it.
    pub known: Known,
    /// Keys of products.
    pub items: Vec<String>,
    /// Who shops; each has a step.
    pub shoppers: Vec<Shopper>,
    /// What happens, in the order of time.
    pub steps: Vec<Step>,
}

impl Replay {
    /// The key of a deed's product.
    pub fn item(&self, deed: &Deed) -> &str {
        &self.items[deed.item as usize]
    }

    /// An event as the site takes it in. Its id follows from user, product and time, so that it is the
    /// same event however often it is sent.
    pub fn event(&self, shopper: &Shopper, deed: &Deed, keeps_time: bool) -> Value {
        let item = self.item(deed);
        let mut hasher = blake3::Hasher::new();
        for part in [&shopper.key, "\0", item, "\0", &deed.time.to_string()] {
            hasher.update(part.as_bytes());
        }
        let id = format!("sim-{}", &hasher.finalize().to_hex()[..32]);
        let mut event = json!({ "event_id": id, "user": shopper.key, "item": item });
        match deed.kind {
            Kind::Rated(rating) => {
                event["kind"] = "rating".into();
                event["rating"] = rating.into();
            }
            Kind::Bought => event["kind"] = "purchase".into(),
        }
        if keeps_time {
            event["time_ms"] = deed.time.saturating_mul(1000).into();
        }
        event
    }

    /// The shopper with most to do, the first of several: whose page is worth watching.
    pub fn busiest(&self) -> Option<&Shopper> {
        let mut counts = vec![0_u32; self.shoppers.len()];
        self.steps.iter().for_each(|step| counts[step.shopper as usize] += 1);
        let most = counts.iter().max()?;
        self.shoppers.iter().zip(&counts).find(|(_, count)| *count == most).map(|(shopper, _)| shopper)
    }

    /// The same with the first `events` steps in the order of time, and without those who do nothing then.
    #[must_use]
    pub fn in_order(mut self, events: Option<usize>) -> Self {
        self.steps.sort_by_key(|step| step.deed.time);
        self.steps.truncate(events.unwrap_or(usize::MAX));
        let mut places = vec![None; self.shoppers.len()];
        let mut kept = Vec::new();
        for step in &mut self.steps {
            let old = step.shopper as usize;
            step.shopper = *places[old].get_or_insert_with(|| {
                kept.push(std::mem::take(&mut self.shoppers[old]));
                kept.len() as u32 - 1
            });
        }
        self.shoppers = kept;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(shopper: u32, item: u32, time: i64) -> Step {
        Step { shopper, deed: Deed { item, kind: Kind::Rated(4.5), time } }
    }

    fn replay() -> Replay {
        let shopper = |key: &str| Shopper { key: key.to_owned(), before: Vec::new() };
        Replay {
            source: "a test".to_owned(),
            known: Known::HeldOut,
            items: vec!["tea".to_owned(), "pot".to_owned()],
            shoppers: ["ann", "ben", "cat"].map(shopper).into(),
            steps: vec![step(0, 0, 30), step(2, 1, 10), step(2, 0, 20)],
        }
    }

    #[test]
    fn steps_are_put_in_order_and_idle_shoppers_left_out() {
        let all = replay().in_order(None);
        assert_eq!(all.steps, [step(0, 1, 10), step(0, 0, 20), step(1, 0, 30)]);
        let keys = |replay: &Replay| replay.shoppers.iter().map(|one| one.key.clone()).collect::<Vec<_>>();
        assert_eq!(keys(&all), ["cat", "ann"]);
        assert_eq!(all.busiest().unwrap().key, "cat");
        let first = replay().in_order(Some(2));
        assert_eq!((keys(&first), first.steps.len()), (vec!["cat".to_owned()], 2));
    }

    #[test]
    fn an_event_has_the_same_id_whenever_it_is_sent() {
        let replay = replay();
        let of =
            |shopper: usize, step: usize, time| replay.event(&replay.shoppers[shopper], &replay.steps[step].deed, time);
        let (now, kept) = (of(0, 0, false), of(0, 0, true));
        assert_eq!(now["event_id"], kept["event_id"]);
        assert_eq!((&now["kind"], &now["rating"]), (&json!("rating"), &json!(4.5)));
        assert_eq!((now.get("time_ms"), &kept["time_ms"]), (None, &json!(30_000)));
        for other in [of(1, 0, false), of(0, 1, false), of(0, 2, false)] {
            assert_ne!(now["event_id"], other["event_id"]);
        }
        assert!(now["event_id"].as_str().unwrap().len() < 256);
    }
}
