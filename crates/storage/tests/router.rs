//! What is said to the router of a sharded cluster, and to a server that fails: against a scripted
//! server, as no router can be installed for tests.

#[cfg(test)]
#[path = "router"]
mod router {
    mod wire;

    use std::sync::atomic::{AtomicBool, Ordering};

    use mongodb::bson::{Bson, Document, doc};
    use storage::{Error, EventRecord, LiveBatch, Product, Review, block_on};
    use wire::{Answer, Server, name};

    /// A cluster of three shards with nothing in it, or with the shown load `5`.
    fn cluster(command: &Document, shown: bool) -> Document {
        let cursor =
            |documents: Vec<Document>| doc! { "cursor": { "id": 0_i64, "ns": "shop.x", "firstBatch": documents } };
        let key = command.get_document("filter").ok().and_then(|filter| filter.get_str("_id").ok());
        match (name(command), command.get_str(name(command)).unwrap_or_default(), key) {
            ("find", "meta", Some("schema")) => cursor(vec![doc! { "_id": "schema", "version": 4_i64 }]),
            ("find", "meta", Some("catalogue")) if shown => {
                cursor(vec![doc! { "_id": "catalogue", "number": 5_i64, "name": "before" }])
            }
            ("find", "generations", _) => cursor(vec![doc! { "_id": "g", "number": 6_i64, "made": true }]),
            ("findAndModify", "meta", _) => doc! { "value": { "_id": "generations", "last": 6_i64 } },
            ("findAndModify", ..) => doc! { "value": Bson::Null },
            ("listShards", ..) => {
                let shards = ["s0", "s1", "s2"].map(|id| doc! { "_id": id });
                doc! { "shards": shards.to_vec() }
            }
            ("aggregate", "review_counts_5", _) => {
                let buckets = ["B01", "B07", "B09"].map(|asin| doc! { "_id": { "min": asin, "max": "" } });
                cursor(buckets.to_vec())
            }
            ("find" | "aggregate" | "listCollections", ..) => cursor(Vec::new()),
            _ => doc! { "n": 1, "nModified": 1 },
        }
    }

    fn review(asin: &str) -> Review {
        Review { asin: asin.into(), user: "u".into(), time: 1, rating: 5.0, ..Review::default() }
    }

    fn url(server: &Server) -> String {
        format!("mongodb://{}/shop", server.address)
    }

    /// Loads two reviews and a product; the commands.
    fn load(server: &Server) -> Vec<Document> {
        block_on(async {
            let store = storage::open(&url(server)).await.unwrap();
            store.begin_load("g").await.unwrap();
            store.put_reviews("g", &[review("B1"), review("B2")]).await.unwrap();
            store.put_products("g", &[Product { asin: "B1".into(), ..Product::default() }]).await.unwrap();
            store.finish_load("g").await.unwrap();
        });
        server.commands()
    }

    /// Commands of a name, with their places.
    fn of<'a>(commands: &'a [Document], wanted: &str) -> Vec<(usize, &'a Document)> {
        commands.iter().enumerate().filter(|(_, command)| name(command) == wanted).collect()
    }

    fn router(shown: bool) -> Server {
        Server::start(doc! { "msg": "isdbgrid" }, move |command| Answer::Reply(cluster(command, shown)))
    }

    #[test]
    fn a_load_is_sharded_by_asin_before_anything_is_written() {
        let commands = load(&router(false));
        let enabled = of(&commands, "enableSharding");
        assert_eq!((enabled.len(), enabled[0].1.get_str("enableSharding").unwrap()), (1, "shop"));
        let sharded = of(&commands, "shardCollection");
        let keys: Vec<(&str, &Document)> = sharded
            .iter()
            .map(|(_, command)| (command.get_str("shardCollection").unwrap(), command.get_document("key").unwrap()))
            .collect();
        assert_eq!(keys, [("shop.reviews_6", &doc! { "asin": 1 }), ("shop.products_6", &doc! { "_id": 1 })]);
        for (_, command) in enabled.iter().chain(&sharded) {
            assert_eq!(command.get_str("$db").unwrap(), "admin");
        }
        let created = of(&commands, "create");
        let inserted = of(&commands, "insert");
        assert_eq!(inserted.len(), 2);
        assert!(created[0].0 < enabled[0].0 && enabled[0].0 < sharded[0].0 && sharded[1].0 < inserted[0].0);
        // What a shard key needs is there before; the other indexes come after the bulk.
        let indexes = of(&commands, "createIndexes");
        let keys = |command: &Document| command.get_array("indexes").unwrap()[0].as_document().unwrap().clone();
        assert_eq!(keys(indexes[0].1).get_document("key").unwrap(), &doc! { "asin": 1, "time": -1 });
        assert!(indexes[0].0 < sharded[0].0 && indexes[1].0 > inserted[1].0);
    }

    #[test]
    fn chunks_are_cut_in_order_and_dealt_to_all_shards() {
        let commands = load(&router(false));
        for (namespace, key) in [("shop.reviews_6", "asin"), ("shop.products_6", "_id")] {
            let points = |wanted: &str, part: &str| -> Vec<String> {
                of(&commands, wanted)
                    .iter()
                    .filter(|(_, command)| command.get_str(wanted).unwrap() == namespace)
                    .map(|(_, command)| command.get_document(part).unwrap().get_str(key).unwrap().to_owned())
                    .collect()
            };
            let cut = points("split", "middle");
            // Eight chunks for each of three shards have 23 borders.
            assert_eq!(cut.len(), 23, "{cut:?}");
            assert!(cut.is_sorted_by(|one, other| one < other), "{cut:?}");
            assert_eq!(points("moveChunk", "find"), cut);
        }
        let moved = of(&commands, "moveChunk");
        let mut shards = [0; 3];
        for (_, command) in &moved {
            shards[command.get_str("to").unwrap()[1..].parse::<usize>().unwrap()] += 1;
        }
        // Of 24 chunks of a collection the first stays on the shard where all were.
        assert_eq!(shards, [14, 16, 16]);
    }

    #[test]
    fn the_next_load_is_cut_as_the_shown_one_is_spread() {
        let commands = load(&router(true));
        let asked = of(&commands, "aggregate");
        assert_eq!(asked[0].1.get_str("aggregate").unwrap(), "review_counts_5");
        let cut: Vec<&str> = of(&commands, "split")
            .iter()
            .filter_map(|(_, command)| command.get_document("middle").unwrap().get_str("asin").ok())
            .collect();
        assert_eq!(cut, ["B07", "B09"], "the lowest part begins where all keys do");
    }

    #[test]
    fn a_server_that_is_no_router_is_told_nothing_of_shards() {
        let server = Server::start(doc! {}, |command| Answer::Reply(cluster(command, false)));
        let commands = load(&server);
        for command in ["enableSharding", "shardCollection", "split", "moveChunk", "listShards"] {
            assert_eq!(of(&commands, command).len(), 0, "{command}");
        }
        assert_eq!(of(&commands, "insert").len(), 2);
    }

    #[test]
    fn documents_that_are_there_already_are_replaced_by_key_and_asin() {
        let server = Server::start(doc! { "msg": "isdbgrid" }, |command| {
            let mut reply = cluster(command, false);
            if command.get_str("insert").is_ok_and(|collection| collection == "reviews_6") {
                reply.insert("writeErrors", vec![doc! { "index": 1, "code": 11_000, "errmsg": "E11000" }]);
            }
            Answer::Reply(reply)
        });
        let commands = load(&server);
        let updates = of(&commands, "update");
        let (_, update) =
            updates.iter().find(|(_, command)| command.get_str("update").unwrap() == "reviews_6").unwrap();
        let update = update.get_array("updates").unwrap();
        assert_eq!(update.len(), 1);
        let update = update[0].as_document().unwrap();
        assert_eq!(update.get_document("q").unwrap(), &doc! { "_id": "B2 u a1", "asin": "B2" });
        assert_eq!(update.get_document("u").unwrap().get_str("asin").unwrap(), "B2");
        assert!(update.get_bool("upsert").unwrap());
    }

    #[test]
    fn writes_ask_for_a_majority_unless_the_url_says_otherwise() {
        for (options, wanted) in [("", Bson::from("majority")), ("?w=1", Bson::from(1))] {
            let server = Server::start(doc! {}, |command| Answer::Reply(cluster(command, false)));
            block_on(async {
                let store = storage::open(&format!("{}{options}", url(&server))).await.unwrap();
                store.put_reviews("g", &[review("B1")]).await.unwrap();
            });
            let commands = server.commands();
            let (_, insert) = of(&commands, "insert")[0];
            assert_eq!(insert.get_document("writeConcern").unwrap().get("w"), Some(&wanted));
            assert!(!insert.get_bool("ordered").unwrap());
        }
    }

    #[test]
    fn a_write_that_is_cut_short_is_sent_once_more() {
        let first = AtomicBool::new(true);
        let server = Server::start(doc! {}, move |command| match name(command) {
            "insert" if first.swap(false, Ordering::SeqCst) => Answer::HangUp,
            _ => Answer::Reply(cluster(command, false)),
        });
        block_on(async {
            let store = storage::open(&url(&server)).await.unwrap();
            store.put_reviews("g", &[review("B1")]).await.unwrap();
        });
        let commands = server.commands();
        let inserts = of(&commands, "insert");
        assert_eq!(inserts.len(), 2);
        assert_eq!(inserts[0].1.get_array("documents").unwrap(), inserts[1].1.get_array("documents").unwrap());
    }

    #[test]
    fn what_the_server_refuses_is_told() {
        let server = Server::start(doc! {}, |command| {
            let mut reply = cluster(command, false);
            if name(command) == "insert" {
                let error = doc! { "index": 0, "code": 121, "errmsg": "Document failed validation" };
                reply.insert("writeErrors", vec![error]);
            }
            Answer::Reply(reply)
        });
        let error = block_on(async {
            let store = storage::open(&url(&server)).await.unwrap();
            store.put_reviews("g", &[review("B1")]).await.unwrap_err()
        });
        let Error::Operation { action: "write reviews", source, .. } = &error else { panic!("{error:?}") };
        let source = source.to_string();
        assert!(source.contains("`reviews_6`") && source.contains("failed validation (121)"), "{source}");
    }

    /// A batch with a new event, applied for a log of which nothing is kept; what came of it.
    fn apply(server: &Server) -> Result<bool, Error> {
        let event = EventRecord {
            id: "e".into(),
            user: "u".into(),
            asin: "a".into(),
            kind: "view".into(),
            weight: 1.0,
            time_ms: 1,
        };
        let batch = LiveBatch { log: "log".into(), next: 1, events: vec![event], ..LiveBatch::default() };
        block_on(async { storage::open(&url(server)).await.unwrap().apply(&batch).await })
    }

    /// A cluster in which nothing is found to be updated.
    fn without_offsets(command: &Document) -> Document {
        match name(command) {
            "update" => doc! { "n": 0, "nModified": 0 },
            _ => cluster(command, false),
        }
    }

    #[test]
    fn a_batch_is_one_transaction() {
        let server = Server::start(doc! { "msg": "isdbgrid" }, |command| Answer::Reply(without_offsets(command)));
        assert!(apply(&server).unwrap());
        let commands = server.commands();
        let within: Vec<&Document> = commands.iter().filter(|command| command.contains_key("autocommit")).collect();
        let names: Vec<&str> = within.iter().map(|command| name(command)).collect();
        assert_eq!(names, ["update", "find", "insert", "find", "insert", "commitTransaction"]);
        for command in &within {
            assert_eq!(command.get("txnNumber"), within[0].get("txnNumber"));
            // The server takes it at the end of a transaction only.
            assert_eq!(command.contains_key("writeConcern"), name(command) == "commitTransaction");
        }
    }

    #[test]
    fn a_transaction_that_meets_a_conflict_is_begun_again() {
        let first = AtomicBool::new(true);
        let server = Server::start(doc! { "msg": "isdbgrid" }, move |command| match command.get_str("insert") {
            Ok("events") if first.swap(false, Ordering::SeqCst) => Answer::Reply(doc! {
                "ok": 0.0, "code": 112, "codeName": "WriteConflict", "errmsg": "conflict",
                "errorLabels": ["TransientTransactionError"],
            }),
            _ => Answer::Reply(without_offsets(command)),
        });
        assert!(apply(&server).unwrap());
        let commands = server.commands();
        assert_eq!(of(&commands, "insert").len(), 4, "the offset and the event, twice each");
        assert_eq!(of(&commands, "commitTransaction").len(), 1);
    }

    #[test]
    fn an_end_of_a_transaction_that_is_cut_short_is_asked_for_again() {
        let first = AtomicBool::new(true);
        let server = Server::start(doc! { "msg": "isdbgrid" }, move |command| match name(command) {
            "commitTransaction" if first.swap(false, Ordering::SeqCst) => Answer::HangUp,
            _ => Answer::Reply(without_offsets(command)),
        });
        assert!(apply(&server).unwrap());
        let commands = server.commands();
        let ends = of(&commands, "commitTransaction");
        assert_eq!(ends.len(), 2);
        assert_eq!(ends[0].1.get("txnNumber"), ends[1].1.get("txnNumber"));
        assert_eq!(of(&commands, "insert").len(), 2, "nothing is written twice");
    }

    #[test]
    fn a_server_without_transactions_is_told_from_others() {
        // As a real one answers; the driver makes of it advice that does not help.
        let message = "Transaction numbers are only allowed on a replica set member or mongos";
        let refusal = doc! { "ok": 0.0, "code": 20, "codeName": "IllegalOperation", "errmsg": message };
        let server = Server::start(doc! {}, move |command| {
            if command.contains_key("txnNumber") {
                Answer::Reply(refusal.clone())
            } else {
                Answer::Reply(without_offsets(command))
            }
        });
        let Error::Operation { action: "apply a batch", source, .. } = apply(&server).unwrap_err() else { panic!() };
        assert!(source.to_string().contains("--replSet"), "{source}");
    }
}
