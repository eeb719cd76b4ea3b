//! Events that could not be taken: shown, and sent again once they are repaired or what was missing is there.
//!
//! A letter is a line of JSON with reason, origin and payload; its payload may be edited before it is sent
//! again. An event without an id gets one from its origin, so that sending a letter twice changes nothing.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use streaming::{Bus, Message, Start};
use tokio::time::timeout;

use crate::Error;
use crate::node::Node;
use crate::topics::DeadLetter;

/// After how much silence a part of the topic counts as empty.
const SILENCE: Duration = Duration::from_secs(3);
/// Letters that are read or sent together.
const MOST: usize = 1_000;

/// Writes up to `limit` letters (0: all) as lines of JSON, oldest first in each partition; gives their number.
pub fn list(store: &str, node: &Node, limit: usize, output: &mut dyn Write) -> Result<usize, Error> {
    let letters = run(async {
        let bus = node.open_bus(store).await?;
        kept(bus.as_ref(), node).await
    })?;
    let count = if limit == 0 { letters.len() } else { limit.min(letters.len()) };
    for letter in &letters[..count] {
        // Whoever reads may have seen enough.
        if writeln!(output, "{}", line(letter)).is_err() {
            break;
        }
    }
    Ok(count)
}

/// Sends the letters of a file, or all that the topic keeps, to the events again; gives their number.
pub fn replay(store: &str, node: &Node, file: Option<&Path>) -> Result<usize, Error> {
    let given = file.map(read).transpose()?;
    run(async {
        let bus = node.open_bus(store).await?;
        let letters = match given {
            Some(letters) => letters,
            None => kept(bus.as_ref(), node).await?,
        };
        for part in letters.chunks(MOST) {
            bus.send(&node.topics().events, part.iter().map(message).collect()).await?;
        }
        Ok(letters.len())
    })
}

fn line(letter: &DeadLetter) -> String {
    serde_json::to_string(letter).expect("a letter is made of texts and numbers")
}

fn run<T>(task: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.map_err(|source| Error::Threads { source })?.block_on(task)
}

/// All letters that the topic keeps at this moment.
async fn kept(bus: &dyn Bus, node: &Node) -> Result<Vec<DeadLetter>, Error> {
    let topic = node.topics().dead;
    let mut ends = bus.ends(&topic).await?;
    let mut reader = bus.follow(&topic, Start::Oldest).await?;
    let mut letters = Vec::new();
    while ends.iter().any(|end| *end > 0) {
        // What was dropped for its age never comes.
        let Ok(messages) = timeout(SILENCE, reader.receive(MOST)).await else { break };
        for message in messages? {
            let end = &mut ends[message.place.partition as usize];
            if message.place.offset + 1 >= *end {
                *end = 0;
            }
            letters.extend(serde_json::from_slice(&message.payload).ok());
        }
    }
    letters.sort_by_key(|letter: &DeadLetter| (letter.partition, letter.offset));
    Ok(letters)
}

fn read(file: &Path) -> Result<Vec<DeadLetter>, Error> {
    let failed = |problem: String| Error::Letters { action: "read dead letters from", file: file.to_owned(), problem };
    let text = if file == Path::new("-") { io::read_to_string(io::stdin()) } else { fs::read_to_string(file) };
    let text = text.map_err(|error| failed(error.to_string()))?;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let letter = |(number, line): (usize, &str)| {
        let expected = "expected a letter as `webapp dlq list` prints it";
        serde_json::from_str(line).map_err(|error| failed(format!("line {number}: {expected}, found: {error}")))
    };
    lines.map(letter).collect()
}

fn message(letter: &DeadLetter) -> Message {
    let mut event: Option<Value> = serde_json::from_str(&letter.payload).ok();
    if let Some(Value::Object(fields)) = &mut event {
        let id = || Value::String(format!("dead-{}-{}", letter.partition, letter.offset));
        fields.entry("event_id").or_insert_with(id);
    }
    let user = event.as_ref().and_then(|event| event["user"].as_str());
    let key = user.unwrap_or(&letter.key).to_owned();
    Message { key, payload: event.map_or_else(|| letter.payload.clone(), |event| event.to_string()).into_bytes() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter(payload: &str) -> DeadLetter {
        DeadLetter { reason: "r".into(), partition: 3, offset: 14, key: "k".into(), payload: payload.into() }
    }

    #[test]
    fn a_repaired_event_goes_to_its_user_with_an_id_of_its_origin() {
        let sent = message(&letter(r#"{"user":"zoe","item":"A","kind":"view"}"#));
        assert_eq!(sent.key, "zoe");
        let event: Value = serde_json::from_slice(&sent.payload).unwrap();
        assert_eq!(event["event_id"], "dead-3-14");
        let sent = message(&letter(r#"{"user":"zoe","event_id":"own"}"#));
        assert!(String::from_utf8(sent.payload).unwrap().contains(r#""event_id":"own""#));
    }

    #[test]
    fn what_is_no_json_goes_as_it_came() {
        let sent = message(&letter("no json"));
        assert_eq!((sent.key.as_str(), sent.payload.as_slice()), ("k", &b"no json"[..]));
    }

    #[test]
    fn a_faulty_line_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "{}\n").unwrap();
        let error = read(file.path()).unwrap_err().to_string();
        assert!(error.contains("line 1: expected a letter as `webapp dlq list` prints it"), "{error}");
    }
}
