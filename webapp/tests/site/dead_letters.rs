//! Events that could not be taken, looked at and sent again.

use std::fs;

use rocket::tokio::runtime::Runtime;
use serde_json::{Value, json};
use streaming::{Message, Options, Start, Topic};
use webapp::{Node, list_dead_letters, replay_dead_letters};

fn letter(offset: u64, payload: &str) -> Value {
    json!({ "reason": "broken", "partition": 0, "offset": offset, "key": "zoe", "payload": payload })
}

/// A log with two dead letters, and the flags that name it.
fn log(folder: &tempfile::TempDir) -> Node {
    let url = format!("embedded:{}", folder.path().join("events.db").display());
    Runtime::new().unwrap().block_on(async {
        let bus = streaming::open(&url, &Options::new()).await.unwrap();
        for name in ["events", "events.dlq"] {
            let (name, retention) = (name.to_owned(), std::time::Duration::from_hours(1));
            bus.ensure(&Topic { name, partitions: 2, retention, replication: 1, durable: true }).await.unwrap();
        }
        let letters = [letter(0, "no json"), letter(1, r#"{"user":"zoe","item":"A","kind":"view"}"#)];
        let message = |letter: &Value| Message { key: "0".to_owned(), payload: letter.to_string().into_bytes() };
        bus.send("events.dlq", letters.iter().map(message).collect()).await.unwrap();
    });
    Node { bus: Some(url), ..Node::default() }
}

/// What is on the topic of events: key and payload.
fn events(node: &Node, count: usize) -> Vec<(String, String)> {
    Runtime::new().unwrap().block_on(async {
        let bus = streaming::open(node.bus.as_deref().unwrap(), &Options::new()).await.unwrap();
        let mut reader = bus.follow("events", Start::Oldest).await.unwrap();
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(reader.receive(10).await.unwrap());
        }
        let text = |payload: &[u8]| String::from_utf8(payload.to_vec()).unwrap();
        found.iter().map(|message| (message.key.clone(), text(&message.payload))).collect()
    })
}

#[test]
fn letters_are_listed_and_sent_again_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let node = log(&folder);
    let mut lines = Vec::new();
    assert_eq!(list_dead_letters("", &node, 0, &mut lines).unwrap(), 2);
    let lines = String::from_utf8(lines).unwrap();
    let reasons: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(reasons[0], letter(0, "no json"));
    assert_eq!(list_dead_letters("", &node, 1, &mut Vec::new()).unwrap(), 1);
    assert_eq!(replay_dead_letters("", &node, None).unwrap(), 2);
    let sent = events(&node, 2);
    assert!(sent.contains(&("zoe".to_owned(), "no json".to_owned())), "{sent:?}");
    assert!(sent[1].1.contains(r#""event_id":"dead-0-1""#), "{sent:?}");
}

#[test]
fn repaired_letters_of_a_file_are_sent_instead() {
    let folder = tempfile::tempdir().unwrap();
    let node = log(&folder);
    let file = folder.path().join("letters.jsonl");
    fs::write(&file, letter(0, r#"{"user":"amy","item":"B","kind":"cart"}"#).to_string()).unwrap();
    assert_eq!(replay_dead_letters("", &node, Some(&file)).unwrap(), 1);
    let sent = events(&node, 1);
    assert_eq!(sent[0].0, "amy");
    assert!(sent[0].1.contains(r#""kind":"cart""#) && sent[0].1.contains("dead-0-0"), "{sent:?}");
}
