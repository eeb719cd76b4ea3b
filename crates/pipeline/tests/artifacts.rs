//! Artifacts as stages write and read them: round trips, and what a reader says to a wrong file.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
};

use pipeline::{
    Context, Error, Kind, Message, TableReader, TableWriter, Task, fingerprint::hash_path, read_interactions,
    read_keys, read_model, write_interactions, write_keys, write_model,
};
use polars::df;
use proptest::prelude::*;
use recommender::{Interaction, Interactions, ModelData, Tensor};

#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panics").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A context with output ports `one` and `other` in a folder.
fn context(folder: &Path, sink: Sink) -> Context {
    let outputs = ["one", "other"].map(|port| (port.to_owned(), folder.join(port)));
    let task = Task {
        name: "mine".to_owned(),
        stage: "writer".to_owned(),
        pipeline: "test".to_owned(),
        fingerprint: "0".to_owned(),
        params: serde_json::Value::Null,
        inputs: BTreeMap::new(),
        outputs: BTreeMap::from(outputs),
        scratch: folder.to_owned(),
    };
    Context::new(task, Box::new(sink))
}

fn interactions() -> impl Strategy<Value = Interactions> {
    (1_u32..6, 1_u32..6).prop_flat_map(|(users, items)| {
        let entry = (0..users, 0..items, 1.0_f32..=5.0, 0_u32..10)
            .prop_map(|(user, item, weight, time)| (user, Interaction { item, weight, time }));
        prop::collection::vec(entry, 0..40)
            .prop_map(move |pairs| Interactions::from_pairs(users as usize, items as usize, &pairs))
    })
}

proptest! {
    #[test]
    fn interactions_come_back_as_they_were_written(written in interactions()) {
        let folder = tempfile::tempdir().unwrap();
        let context = context(folder.path(), Sink::default());
        write_interactions(&context, "one", &written).unwrap();
        let read = read_interactions(&folder.path().join("one"), written.user_count(), written.item_count()).unwrap();
        prop_assert_eq!(read, written);
    }

    #[test]
    fn keys_come_back_as_they_were_written(keys in prop::collection::vec(".*", 0..20)) {
        let folder = tempfile::tempdir().unwrap();
        write_keys(&context(folder.path(), Sink::default()), "one", Kind::UserIndex, &keys).unwrap();
        prop_assert_eq!(read_keys(&folder.path().join("one"), Kind::UserIndex).unwrap(), keys);
    }
}

#[test]
fn equal_rows_give_equal_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Sink::default());
    let keys = ["a".to_owned(), "b".to_owned()];
    write_keys(&context, "one", Kind::UserIndex, &keys).unwrap();
    write_keys(&context, "other", Kind::UserIndex, &keys).unwrap();
    let hash = |port: &str| hash_path(&folder.path().join(port)).unwrap();
    assert_eq!(hash("one"), hash("other"));
}

#[test]
fn batches_are_the_whole_table_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Sink::default());
    let mut writer = TableWriter::create(&context, "one", Kind::Interactions).unwrap();
    let part = |from: u32, to: u32| {
        let index: Vec<u32> = (from..to).collect();
        let ones = vec![1.0_f32; index.len()];
        let times: Vec<i64> = index.iter().map(|index| i64::from(*index)).collect();
        df!("user" => &index, "item" => &index, "weight" => ones, "time" => times).unwrap()
    };
    writer.write(&part(0, 3)).unwrap();
    writer.write(&part(3, 200_000)).unwrap();
    assert_eq!(writer.finish().unwrap(), 200_000);
    let reader = TableReader::open(&folder.path().join("one"), Kind::Interactions).unwrap();
    let batches: Vec<_> = reader.batches(&["time", "user"]).map(Result::unwrap).collect();
    assert!(batches.len() > 2, "200,000 rows in {} batches", batches.len());
    let users = batches.iter().flat_map(|batch| batch.column("user").unwrap().u32().unwrap().into_no_null_iter());
    assert!(users.eq(0..200_000));
    assert_eq!(batches[0].get_column_names(), ["time", "user"]);
}

#[test]
fn a_reader_names_what_is_wrong_and_who_wrote_it() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path(), Sink::default());
    write_keys(&context, "one", Kind::UserIndex, &["a".to_owned()]).unwrap();
    let error = TableReader::open(&folder.path().join("one"), Kind::ItemIndex).err().unwrap();
    assert!(matches!(error, Error::WrongKind { .. }));
    let text = error.to_string();
    assert!(
        text.ends_with("expected kind item-index version 2, found user-index version 2 (written by stage `writer`)")
    );

    let mut writer = TableWriter::create(&context, "other", Kind::UserIndex).unwrap();
    let error = writer.write(&df!("index" => [0_u32], "key" => [1_i64]).unwrap()).err().unwrap().to_string();
    assert!(error.ends_with("column `key`: expected str, found i64 (written by stage `writer`)"), "{error}");

    fs::write(folder.path().join("text"), "no table").unwrap();
    assert!(matches!(TableReader::open_foreign(&folder.path().join("text")), Err(Error::Table { .. })));
    assert!(matches!(TableReader::open_foreign(&folder.path().join("none")), Err(Error::Io { .. })));
}

#[test]
fn interactions_beyond_the_index_tables_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let entry = Interaction { item: 2, weight: 1.0, time: 0 };
    let written = Interactions::from_pairs(1, 3, &[(0, entry)]);
    write_interactions(&context(folder.path(), Sink::default()), "one", &written).unwrap();
    let error = read_interactions(&folder.path().join("one"), 1, 2).unwrap_err().to_string();
    assert!(error.contains("user 0, item 2: expected indices below 1 and 2"), "{error}");
}

#[test]
fn models_come_back_with_their_parts() {
    let folder = tempfile::tempdir().unwrap();
    let part = |parts| ModelData {
        algorithm: "made".to_owned(),
        parameters: serde_json::json!({"factors": 2}),
        items: 2,
        tensors: BTreeMap::from([("a".to_owned(), Tensor::matrix(2, 1, vec![0.5, -1.0]))]),
        parts,
    };
    let model = part(vec![("inner".to_owned(), part(Vec::new()))]);
    write_model(&folder.path().join("model"), &model).unwrap();
    assert_eq!(read_model(&folder.path().join("model")).unwrap(), model);

    fs::write(folder.path().join("model/parts/inner/a.bin"), [0; 4]).unwrap();
    assert!(matches!(read_model(&folder.path().join("model")), Err(Error::Model { .. })));
}

#[test]
fn messages_are_one_json_object_a_line_and_progress_is_thinned_but_never_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let sink = Sink::default();
    let context = context(folder.path(), sink.clone());
    for done in 1..=1000 {
        context.progress(done, Some(1000), "rows");
    }
    context.summary("rows_in", 3);
    let text = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let messages: Vec<Message> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let end = Message::Progress { done: 1000, total: Some(1000), unit: "rows".to_owned() };
    assert!(messages.contains(&end));
    assert_eq!(messages.last(), Some(&Message::Summary { name: "rows_in".to_owned(), value: 3.into() }));
    assert!(context.input("reviews").unwrap_err().to_string().contains("input `reviews` is not connected"));
}
