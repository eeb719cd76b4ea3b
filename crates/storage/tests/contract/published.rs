//! Versions of models: lists, files, reports.

use storage::{Cause, ModelVersion, Recommended, SimilarItems, UserRecommendations};

use super::harness::{odd_keys, on_each};

fn version(name: &str) -> ModelVersion {
    ModelVersion {
        version: name.into(),
        pipeline: "sample".into(),
        model: "als".into(),
        algorithm: "als".into(),
        items: 1 << 40,
        users: 0,
        metrics: serde_json::json!({ "recall@10": 0.123_456_789_012_345_6, "$set": { "a.b": [1, null, -2.5] }, "": {} }),
    }
}

fn items(score: f32) -> Vec<Recommended> {
    vec![
        Recommended { asin: "a".into(), score, causes: vec![Cause { asin: "日本 $x".into(), share: 0.1 }] },
        Recommended { asin: "b.c".into(), score: -0.1, causes: Vec::new() },
    ]
}

fn similar(asin: &str, score: f32) -> SimilarItems {
    SimilarItems { asin: asin.into(), items: items(score) }
}

fn recommended(user: &str, score: f32) -> UserRecommendations {
    UserRecommendations { user: user.into(), items: items(score) }
}

#[test]
fn lists_come_back_as_written_and_are_replaced() {
    on_each(async |place| {
        let store = &place.store;
        for score in [0.1, f32::MIN_POSITIVE] {
            let lists: Vec<_> = odd_keys().iter().map(|key| similar(key, score)).collect();
            store.put_similar("$v.1", &lists).await.unwrap();
            let lists: Vec<_> = odd_keys().iter().map(|key| recommended(key, score)).collect();
            store.put_recommendations("$v.1", &lists).await.unwrap();
            for key in odd_keys() {
                assert_eq!(store.similar("$v.1", &key).await.unwrap(), items(score));
                assert_eq!(store.recommendations("$v.1", &key).await.unwrap(), Some(items(score)));
            }
        }
        let empty = UserRecommendations { user: "empty".into(), items: Vec::new() };
        store.put_recommendations("$v.1", &[empty]).await.unwrap();
        assert_eq!(store.recommendations("$v.1", "empty").await.unwrap(), Some(Vec::new()));
        assert_eq!(store.recommendations("$v.1", "nobody").await.unwrap(), None);
        assert_eq!(store.similar("$v.1", "nothing").await.unwrap(), []);
        assert_eq!(store.similar("$v", "0").await.unwrap(), []);
    });
}

#[test]
fn scores_that_are_no_numbers_are_refused() {
    on_each(async |place| {
        for score in [f32::NAN, f32::INFINITY] {
            let lists = [similar("fine", 1.0), similar("odd", score)];
            let error = place.store.put_similar("v", &lists).await.unwrap_err();
            let cause = std::error::Error::source(&error).unwrap().to_string();
            assert!(cause.starts_with("the list of `odd` gives `a` the score"), "{cause}");
            assert_eq!(place.store.similar("v", "fine").await.unwrap(), [], "nothing is written");
            place.store.put_recommendations("v", &[recommended("u", score)]).await.unwrap_err();
        }
    });
}

#[test]
fn versions_are_kept_apart() {
    on_each(async |place| {
        let store = &place.store;
        for (name, score) in [("v1", 1.0), ("v10", 2.0)] {
            store.put_similar(name, &[similar("a", score)]).await.unwrap();
            store.put_recommendations(name, &[recommended("u", score)]).await.unwrap();
            store.put_model_file(name, "model.json", name.as_bytes()).await.unwrap();
            store.put_report(name, "report", "Title", name).await.unwrap();
        }
        for (name, score) in [("v1", 1.0), ("v10", 2.0)] {
            assert_eq!(store.similar(name, "a").await.unwrap(), items(score));
            assert_eq!(store.recommendations(name, "u").await.unwrap(), Some(items(score)));
            let files = store.model_files(name).await.unwrap();
            assert_eq!(files.into_iter().collect::<Vec<_>>(), [("model.json".to_owned(), name.as_bytes().to_vec())]);
            assert_eq!(store.report(name, "report").await.unwrap().as_deref(), Some(name));
        }
        assert!(store.model_files("v").await.unwrap().is_empty());
    });
}

#[test]
fn a_version_is_active_once_activated() {
    on_each(async |place| {
        let store = &place.store;
        let reader = place.open_again().await;
        store.put_similar("v1", &[similar("a", 1.0)]).await.unwrap();
        assert_eq!(reader.active().await.unwrap(), None);
        for name in ["v1", "v2", "v1"] {
            store.activate(&version(name)).await.unwrap();
            assert_eq!(reader.active().await.unwrap(), Some(version(name)));
        }
        let changed = ModelVersion { users: 7, ..version("v1") };
        store.activate(&changed).await.unwrap();
        assert_eq!(reader.active().await.unwrap(), Some(changed));
    });
}

#[test]
fn only_the_versions_to_keep_stay() {
    on_each(async |place| {
        let store = &place.store;
        for name in ["v1", "v2", "broken"] {
            store.put_similar(name, &[similar("a", 1.0)]).await.unwrap();
            store.put_recommendations(name, &[recommended("u", 1.0)]).await.unwrap();
            store.put_model_file(name, "file", b"bytes").await.unwrap();
            store.put_report(name, "report", "Title", "html").await.unwrap();
        }
        store.activate(&version("v2")).await.unwrap();
        store.keep_versions(&["v2".into(), "never written".into()]).await.unwrap();
        for name in ["v1", "broken"] {
            assert_eq!(store.similar(name, "a").await.unwrap(), []);
            assert_eq!(store.recommendations(name, "u").await.unwrap(), None);
            assert!(store.model_files(name).await.unwrap().is_empty());
            assert_eq!(store.reports(name).await.unwrap(), []);
        }
        assert_eq!(store.similar("v2", "a").await.unwrap(), items(1.0));
        assert_eq!(store.model_files("v2").await.unwrap().len(), 1);
        assert_eq!(store.active().await.unwrap(), Some(version("v2")));
        store.keep_versions(&["v1".into()]).await.unwrap();
        assert_eq!(store.active().await.unwrap(), None);
    });
}

#[test]
fn model_files_of_any_size_come_back() {
    on_each(async |place| {
        let store = &place.store;
        let large: Vec<u8> = (0..20_000_000_u32).map(|byte| (byte ^ (byte >> 8)) as u8).collect();
        store.put_model_file("v", "tensors/large", &large).await.unwrap();
        store.put_model_file("v", "$empty.bin", b"").await.unwrap();
        let files = store.model_files("v").await.unwrap();
        assert!(files["tensors/large"] == large, "20 MB differ");
        assert_eq!((files["$empty.bin"].len(), files.len()), (0, 2));
        // A shorter file of the same name leaves nothing of the longer one.
        store.put_model_file("v", "tensors/large", b"short").await.unwrap();
        assert_eq!(store.model_files("v").await.unwrap()["tensors/large"], b"short");
    });
}

#[test]
fn reports_are_listed_by_name_with_their_size() {
    on_each(async |place| {
        let store = &place.store;
        let large = "é🎁".repeat(3_000_000);
        for (name, title, html) in [("sample", "Sample & proof", "<p>"), ("eda-report", "Ü", large.as_str())] {
            store.put_report("v", name, "before", "before").await.unwrap();
            store.put_report("v", name, title, html).await.unwrap();
        }
        let reports = store.reports("v").await.unwrap();
        let listed: Vec<_> = reports.iter().map(|report| (&*report.name, &*report.title, report.size_bytes)).collect();
        assert_eq!(listed, [("eda-report", "Ü", 18_000_000), ("sample", "Sample & proof", 3)]);
        assert!(store.report("v", "eda-report").await.unwrap().unwrap() == large, "18 MB differ");
        assert_eq!(store.report("v", "eda").await.unwrap(), None);
        assert_eq!(store.report("w", "sample").await.unwrap(), None);
    });
}
