//! A user's list as it changes: Server-Sent Events (HTML standard, section 9.2).

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use rocket::request::{FromRequest, Outcome, Request};
use rocket::response::stream::{Event, EventStream};
use rocket::{Shutdown, State, get};
use serde::Serialize;
use storage::LiveList;

use crate::failure::Failure;
use crate::html;
use crate::input;
use crate::recommend::{Suggestion, listed};
use crate::site::Site;
use crate::topics::Update;
use crate::views::Card;

/// After which time a browser connects again.
const RETRY: Duration = Duration::from_secs(1);

/// The `Last-Event-ID` that a browser sends when it connects again.
pub(super) struct LastEventId(Option<String>);

#[rocket::async_trait]
impl<'r> FromRequest<'r> for LastEventId {
    type Error = Infallible;

    async fn from_request(request: &'r Request<'_>) -> Outcome<Self, Infallible> {
        Outcome::Success(Self(request.headers().get_one("Last-Event-ID").map(str::to_owned)))
    }
}

/// What an event of the stream holds.
#[derive(Serialize)]
struct Changed {
    user: String,
    model: String,
    items: Vec<Suggestion>,
    /// Keys that the list before did not have.
    added: Vec<String>,
    /// Keys that only the list before had.
    removed: Vec<String>,
    /// The list as the site shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    cards: Option<String>,
}

/// Which list a reader has: that of the newest event before it.
pub(crate) fn place(list: Option<&LiveList>) -> String {
    list.map_or_else(String::new, |list| place_name(list.partition, list.offset))
}

/// The word for a place in the log of events.
pub(crate) fn place_name(partition: u32, offset: u64) -> String {
    format!("{partition}-{offset}")
}

/// Begins with the newest list unless the reader has it: `after` or `Last-Event-ID` say which that is.
#[get("/users/<user>/stream?<after>&<cards>")]
pub(super) async fn stream<'r>(
    site: &'r State<Arc<Site>>,
    user: &str,
    after: Option<String>,
    cards: bool,
    last: LastEventId,
    mut end: Shutdown,
) -> Result<EventStream![Event + 'r], Failure> {
    let user = input::key("user", user)?.to_owned();
    // Before the store is looked at, so that nothing falls between the two.
    let mut updates = site.hub.subscribe(&user);
    let kept = site.store.live_list(&user).await?;
    let has = last.0.or(after).unwrap_or_default();
    let mut models = site.model_changes();
    let mut lives = site.live_changes();
    Ok(EventStream! {
        yield Event::retry(RETRY);
        let mut seen: BTreeSet<String> = BTreeSet::new();
        // What the page has already may still be on its way here.
        let mut last = kept.as_ref().filter(|list| place(Some(list)) == has).map(mark);
        let mut newest = kept.map(|list| Arc::new(Update { list, grounds: None }));
        if !*lives.borrow_and_update() {
            yield state(false);
        }
        loop {
            if let Some(update) = newest.take().filter(|update| last.as_ref() != Some(&mark(&update.list))) {
                last = Some(mark(&update.list));
                match event(site, &update, &mut seen, cards).await {
                    Ok(event) => yield event,
                    Err(failure) => yield Event::data(failure.message).event("failure"),
                }
            }
            tokio::select! {
                changed = updates.changed() => {
                    if changed.is_err() { break }
                    newest.clone_from(&updates.borrow_and_update());
                }
                _ = models.changed() => newest = site.list_now(&user).await.map(Arc::new),
                _ = lives.changed() => {
                    let live = *lives.borrow_and_update();
                    yield state(live);
                }
                () = &mut end => break,
            }
        }
        drop(updates);
        site.hub.left(&user);
    })
}

/// Whether what is done shows at the moment.
fn state(live: bool) -> Event {
    Event::json(&serde_json::json!({ "live": live })).event("state")
}

/// What tells a list from the one before it.
fn mark(list: &LiveList) -> (String, u32, u64) {
    (list.version.clone(), list.partition, list.offset)
}

async fn event(
    site: &Site,
    Update { list, grounds }: &Update,
    seen: &mut BTreeSet<String>,
    cards: bool,
) -> Result<Event, Failure> {
    let live = site.live().await?;
    let items = listed(site.store.as_ref(), &live, list, grounds.as_ref()).await?;
    let keys: BTreeSet<String> = items.iter().map(|item| item.product.asin.clone()).collect();
    let views: Option<Vec<Card>> = cards.then(|| items.iter().map(Card::suggested).collect());
    let changed = Changed {
        user: list.user.clone(),
        model: list.version.clone(),
        added: keys.difference(seen).cloned().collect(),
        removed: seen.difference(&keys).cloned().collect(),
        cards: views.map(|views| html::fragment("cards", &views)).transpose()?,
        items,
    };
    *seen = keys;
    site.metrics.streamed.add(1);
    Ok(Event::json(&changed).event("recommendations").id(place(Some(list))))
}
