//! One small file of each layout and form, and the very rows that must come out.

mod support;

use std::path::Path;

use polars::{
    df,
    prelude::{IntoColumn, NamedFrom, ParquetWriter, Series},
};
use serde_json::json;
use support::{Item, Review, file, lenient, run};

fn review(user: &str, item: &str, rating: f32, time: i64) -> Review {
    Review { user: user.into(), item: item.into(), rating, time, title: None, text: None, verified: None, votes: None }
}

#[test]
fn sequences() {
    let folder = tempfile::tempdir().unwrap();
    // Blanks and tabs; user 3 has nothing; item 7 comes twice in the line of user 1; a line that is no text.
    let lines = b"1 7 8 7\n2\t8\r\n3\n\n\xff 1\n";
    let outcome = run(json!({
        "layout": "sequences",
        "reviews": file(folder.path(), "train.txt.gz", lines),
        "metadata": file(folder.path(), "attributes.json", br#"{"8": [12, "a b"], "9": [12]}"#),
        "max_reject_ratio": 0.2,
    }))
    .unwrap();
    let rows = [("1", "7", 1), ("1", "7", 3), ("1", "8", 2), ("2", "8", 1)];
    assert_eq!(outcome.reviews(), rows.map(|(user, item, place)| review(user, item, 5.0, place)));
    let items: Vec<(String, String)> = outcome.items().into_iter().map(|item| (item.key, item.categories)).collect();
    let expected = [("7", ""), ("8", "attribute 12|attribute a b"), ("9", "attribute 12")];
    assert_eq!(items, expected.map(|(key, categories)| (key.to_owned(), categories.to_owned())));
    let rejects = outcome.rejects();
    assert_eq!((rejects[0].reason.as_str(), rejects[0].line, rejects.len()), ("bad-utf8", 5, 1));
    let figure = |name: &str| outcome.summary[name].as_u64().unwrap();
    assert_eq!(
        ["rows_in", "rows_out", "rejects", "metadata_rows_in", "metadata_rows_out"].map(figure),
        [5, 4, 1, 2, 2]
    );
}

#[test]
fn amazon_2014() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = br#"{"reviewerID": "A2", "asin": "B2", "reviewerName": "J", "helpful": [13, 14], "reviewText": "Good.", "overall": 5.0, "summary": "Jake", "unixReviewTime": 1363392000, "reviewTime": "03 16, 2013"}
{"reviewerID": "A1", "asin": "B1", "helpful": [0, 0], "reviewText": "", "overall": 3, "summary": "", "unixReviewTime": 1393545600}
"#;
    let metadata = br#"{'asin': 'B2', 'title': "Dan's \"Capo\"", 'price': 12.5, 'imUrl': 'http://x/y.jpg', 'related': {'also_bought': ['B1', 'B9']}, 'salesRank': {'Music': 3}, 'brand': 'Caf\xe9', 'categories': [['Music', 'Guitars']]}
"#;
    let outcome = run(json!({
        "layout": "amazon-2014",
        "reviews": file(folder.path(), "r.json.gz", reviews),
        "metadata": file(folder.path(), "m.json.gz", metadata),
    }))
    .unwrap();
    assert_eq!(
        outcome.reviews(),
        [
            Review { votes: Some(0), ..review("A1", "B1", 3.0, 1_393_545_600) },
            Review {
                title: Some("Jake".into()),
                text: Some("Good.".into()),
                votes: Some(13),
                ..review("A2", "B2", 5.0, 1_363_392_000)
            },
        ]
    );
    let bare = Item {
        key: "B1".into(),
        title: None,
        brand: None,
        categories: String::new(),
        price: None,
        description: None,
        image: None,
        also_bought: String::new(),
    };
    let full = Item {
        key: "B2".into(),
        title: Some("Dan's \"Capo\"".into()),
        brand: Some("Café".into()),
        categories: "Music|Guitars".into(),
        price: Some(12.5),
        description: None,
        image: Some("http://x/y.jpg".into()),
        also_bought: "B1|B9".into(),
    };
    assert_eq!(outcome.items(), [bare, full], "an item without metadata gets a bare row");
    assert_eq!((outcome.count("items"), outcome.count("items_without_metadata")), (2, 1));
}

#[test]
fn amazon_2018() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = br#"{"overall": 5.0, "vote": "1,234", "verified": true, "reviewTime": "06 17, 2018", "reviewerID": "A1", "asin": "B1", "style": {"Size:": " S"}, "reviewText": "Fine \u2013 really", "summary": "Five Stars", "unixReviewTime": 1529193600, "image": ["http://x/1.jpg"]}
{"overall": 1.0, "verified": false, "reviewerID": "A0", "asin": "B1", "unixReviewTime": 1529193600}"#;
    let outcome = run(lenient("amazon-2018", &file(folder.path(), "r.json", reviews))).unwrap();
    assert_eq!(
        outcome.reviews(),
        [
            Review { verified: Some(false), votes: Some(0), ..review("A0", "B1", 1.0, 1_529_193_600) },
            Review {
                title: Some("Five Stars".into()),
                text: Some("Fine – really".into()),
                verified: Some(true),
                votes: Some(1234),
                ..review("A1", "B1", 5.0, 1_529_193_600)
            },
        ]
    );
}

#[test]
fn amazon_2023() {
    let folder = tempfile::tempdir().unwrap();
    let reviews = br#"{"rating": 4.0, "title": "T", "text": "X", "images": [], "asin": "C1", "parent_asin": "B1", "user_id": "A1", "timestamp": 1529193600999, "helpful_vote": 2, "verified_purchase": true}
"#;
    let outcome = run(lenient("amazon-2023", &file(folder.path(), "r.jsonl", reviews))).unwrap();
    let expected = Review {
        title: Some("T".into()),
        text: Some("X".into()),
        verified: Some(true),
        votes: Some(2),
        ..review("A1", "B1", 4.0, 1_529_193_600)
    };
    assert_eq!(outcome.reviews(), [expected]);
}

/// The same three ratings in every form that a mapping can read.
#[test]
fn mapped_columns_of_every_form() {
    let folder = tempfile::tempdir().unwrap();
    let csv = b"who,what,stars,when\n7,x,4.5,2018-06-17\n7,y,1,2018-06-18\n8,x,5,2018-06-17\n";
    let semicolons =
        b"\xEF\xBB\xBFstars;when;who;what\r\n4.5;2018-06-17;7;x\r\n1;2018-06-18;7;y\r\n5;\"2018-06-17\";8;x";
    let json = br#"{"who": 7, "what": "x", "stars": 4.5, "when": "2018-06-17", "more": []}
{"who": 7, "what": "y", "stars": 1, "when": "2018-06-18"}
{"who": "8", "what": "x", "stars": "5", "when": "2018-06-17T00:00:00Z"}
"#;
    let expected = [
        review("7", "x", 4.5, 1_529_193_600),
        review("8", "x", 5.0, 1_529_193_600),
        review("7", "y", 1.0, 1_529_280_000),
    ];
    let base = |reviews: String| {
        json!({
            "layout": "columns", "reviews": reviews, "time_unit": "iso-8601",
            "columns": {"user": "who", "item": "what", "rating": "stars", "time": "when"},
        })
    };
    let mut forms = vec![
        base(file(folder.path(), "a.csv", csv)),
        base(file(folder.path(), "b.csv.gz", csv)),
        base(file(folder.path(), "c.csv", semicolons)),
        base(file(folder.path(), "d.jsonl", json)),
        base(parquet(folder.path())),
    ];
    forms[2]["delimiter"] = ";".into();
    for params in forms {
        assert_eq!(run(params.clone()).unwrap().reviews(), expected, "{params}");
    }
}

fn parquet(folder: &Path) -> String {
    let mut frame = df!(
        "who" => [7_i32, 7, 8],
        "what" => ["x", "y", "x"],
        "stars" => [4.5_f32, 1.0, 5.0],
        "when" => ["2018-06-17", "2018-06-18", "2018-06-17"],
    )
    .expect("columns are of one length");
    let path = folder.join("e.parquet");
    let file = std::fs::File::create(&path).expect("the folder is there");
    ParquetWriter::new(file).finish(&mut frame).expect("the disk takes it");
    path.display().to_string()
}

#[test]
fn mapped_products() {
    let folder = tempfile::tempdir().unwrap();
    let lists = Series::new("tags".into(), [Series::new("".into(), ["Music", "Guitars"])]);
    let mut frame = df!("id" => [5_i64], "name" => ["A &amp; B"], "cost" => [2.5_f64], "about" => ["x|y"]).unwrap();
    frame.with_column(lists.into_column()).unwrap();
    let path = folder.path().join("m.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap()).finish(&mut frame).unwrap();
    let csv = b"id,name,cost,about,tags,image\n5,A &amp; B,$2.50,x|y,Music|Guitars,nothing\n";
    let expected = Item {
        key: "5".into(),
        title: Some("A & B".into()),
        brand: None,
        categories: "Music|Guitars".into(),
        price: Some(2.5),
        description: Some("x|y".into()),
        image: None,
        also_bought: String::new(),
    };
    let reviews = file(folder.path(), "r.csv", b"u,i,r,t\n1,5,3,1529193600\n");
    for metadata in [path.display().to_string(), file(folder.path(), "m.csv", csv)] {
        let outcome = run(json!({
            "layout": "columns", "reviews": reviews, "metadata": metadata,
            "columns": {"user": "u", "item": "i", "rating": "r", "time": "t"},
            "metadata_columns": {"item": "id", "title": "name", "price": "cost", "categories": "tags", "description": "about"},
        }))
        .unwrap();
        assert_eq!(outcome.items(), std::slice::from_ref(&expected), "{metadata}");
    }
}

#[test]
fn several_files_are_read_in_the_order_of_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let line = br#"{"overall": 5.0, "reviewerID": "A1", "asin": "B1", "unixReviewTime": 1529193600}"#;
    file(folder.path(), "b.json", line);
    file(folder.path(), "a.json.gz", &[b"\n".as_slice(), line].concat());
    let pattern = folder.path().join("*.json*").display().to_string();
    let outcome = run(lenient("amazon-2018", &pattern)).unwrap();
    assert_eq!((outcome.count("rows_in"), outcome.count("rows_out"), outcome.count("duplicates")), (2, 1, 1));
    let duplicate = outcome.rejects().remove(0);
    assert!(duplicate.file.ends_with("b.json"), "{duplicate:?}");
    assert!(duplicate.detail.starts_with("the same line as ") && duplicate.detail.ends_with("a.json.gz:2"));
}
