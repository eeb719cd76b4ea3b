//! A small shop: eight products, five customers, an item-knn model, all in a store of its own.

use std::sync::Arc;
use std::time::Duration;

use recommender::algorithms::item_knn;
use recommender::{Algorithm, Fit, Interaction, Interactions};
use rocket::http::{ContentType, Status};
use rocket::local::asynchronous::{Client, LocalResponse};
use serde_json::{Value, json};
use storage::{Cause, ModelVersion, Product, Recommended, Review, SimilarItems, Store, UserRecommendations};
use streaming::{Bus, Options};
use webapp::Settings;

/// Item keys in the order of the model.
pub const ITEMS: [&str; 8] = ["TEA-1", "TEA-2", "TEA-3", "COF-1", "COF-2", "COF-3", "MUG-1", "POT-1"];

/// What a title that wants to run in the browser looks like.
pub const EVIL: &str = "<script>alert('x')</script>";

/// (user, items, in this order in time)
const BOUGHT: [(&str, &[u32]); 5] =
    [("ann", &[0, 1, 2]), ("ben", &[0, 1]), ("cat", &[3, 4]), ("dan", &[3, 4, 5]), ("eva", &[6, 7, 0])];

/// A shop that is served.
pub struct Shop {
    pub client: Client,
    pub store: Arc<dyn Store>,
    pub bus: Arc<dyn Bus>,
    _folder: tempfile::TempDir,
}

impl Shop {
    /// With products, reviews and a live model.
    pub async fn open() -> Self {
        let shop = Self::without_model().await;
        shop.publish("v1", &Algorithm::ItemKnn(item_knn::Parameters::default())).await;
        shop
    }

    /// With products and reviews only.
    pub async fn without_model() -> Self {
        let shop = Self::empty().await;
        shop.store.put_products("g1", &products()).await.unwrap();
        shop.store.put_reviews("g1", &reviews()).await.unwrap();
        shop.store.finish_load("g1").await.unwrap();
        shop
    }

    /// With an empty store.
    pub async fn empty() -> Self {
        Self::after(async |_| {}).await
    }

    /// With an empty store, and a bus on which something has happened before.
    pub async fn after(before: impl AsyncFnOnce(&dyn Bus)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("store.db").display());
        let store = storage::open(&url).await.unwrap();
        let log = format!("embedded:{}", folder.path().join("events.db").display());
        let bus = streaming::open(&log, &Options::new()).await.unwrap();
        before(bus.as_ref()).await;
        let rocket = webapp::build(Arc::clone(&store), Arc::clone(&bus), &Settings::default(), Duration::ZERO);
        Self { client: Client::untracked(rocket).await.unwrap(), store, bus, _folder: folder }
    }

    /// Fits a model and makes it the active one.
    pub async fn publish(&self, version: &str, algorithm: &Algorithm) {
        let model = algorithm.fit(&interactions()).unwrap();
        for (name, bytes) in model.save().to_files() {
            self.store.put_model_file(version, &name, &bytes).await.unwrap();
        }
        let vocabulary = ITEMS.join("\n") + "\n";
        self.store.put_model_file(version, "vocabulary/items.txt", vocabulary.as_bytes()).await.unwrap();
        let place = |asin: &str, because_of: Option<&str>| Recommended {
            asin: asin.into(),
            score: 1.0,
            causes: because_of.map(|asin| Cause { asin: asin.into(), share: 0.75 }).into_iter().collect(),
        };
        let list = vec![place("TEA-3", Some("TEA-2")), place("MUG-1", None), place("POT-1", None)];
        let stored = UserRecommendations { user: "ben".into(), items: list };
        self.store.put_recommendations(version, &[stored]).await.unwrap();
        let similar = SimilarItems { asin: "TEA-1".into(), items: vec![place("TEA-2", None), place("TEA-3", None)] };
        self.store.put_similar(version, &[similar]).await.unwrap();
        let html = "<!doctype html><style>p{color:red}</style><p>Report</p>";
        self.store.put_report(version, "eda-report", "What the data say", html).await.unwrap();
        self.activate(version).await;
    }

    /// Makes a version the active one.
    pub async fn activate(&self, version: &str) {
        let values = json!({ "precision@10": 0.1, "recall@10": 0.5, "f1@10": 0.16, "hit_rate@10": 0.625 });
        let model = json!({ "name": "item-knn", "algorithm": "item-knn", "values": values });
        let metrics = json!({ "split": "test", "users": 5, "items": 8, "ks": [10], "models": [model] });
        let info = ModelVersion {
            version: version.into(),
            pipeline: "sample".into(),
            model: "item-knn".into(),
            algorithm: "item-knn".into(),
            items: 8,
            users: 5,
            metrics,
        };
        self.store.activate(&info).await.unwrap();
    }

    /// The text of a page that must be there.
    pub async fn page(&self, address: &str) -> String {
        let response = self.client.get(address.to_owned()).dispatch().await;
        assert_eq!(response.status(), Status::Ok, "GET {address}");
        response.into_string().await.unwrap()
    }

    /// Status and JSON of an answer of the API.
    pub async fn json(&self, address: &str) -> (Status, Value) {
        json_of(self.client.get(address.to_owned()).dispatch().await).await
    }

    /// Status and JSON of an answer to JSON.
    pub async fn post(&self, address: &str, body: &Value) -> (Status, Value) {
        json_of(self.client.post(address.to_owned()).json(body).dispatch().await).await
    }

    /// Sends one event that is new and waits until the list has followed it.
    pub async fn event(&self, event: &Value) {
        let (status, receipt) = self.post("/api/v1/events", event).await;
        assert_eq!((status, &receipt["accepted"]), (Status::Accepted, &json!(1)), "{receipt}");
        self.applied().await;
    }

    /// Waits until all that is on the bus has been applied.
    pub async fn applied(&self) {
        let log = format!("{}/events", self.bus.identity().await.unwrap());
        let ends = self.bus.ends("events").await.unwrap();
        loop {
            let next = self.store.offsets(&log).await.unwrap();
            if (0..).zip(&ends).all(|(partition, end)| next.get(&partition).copied().unwrap_or(0) == *end) {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    /// Status and JSON of an answer to JSON.
    pub async fn put(&self, address: &str, body: &Value) -> (Status, Value) {
        json_of(self.client.put(address.to_owned()).json(body).dispatch().await).await
    }

    /// Sends a form as the given user.
    pub async fn form<'c>(&'c self, address: &'c str, user: &str, body: &str) -> LocalResponse<'c> {
        let request = self.client.post(address).header(ContentType::Form).body(body);
        let request = if user.is_empty() { request } else { request.cookie(("user", user.to_owned())) };
        request.dispatch().await
    }

    /// Keys of a user's list.
    pub async fn list(&self, user: &str, k: usize) -> Vec<String> {
        let (status, list) = self.json(&format!("/api/v1/users/{user}/recommendations?k={k}")).await;
        assert_eq!(status, Status::Ok, "{list}");
        keys(&list)
    }
}

/// Keys of the items of an answer.
pub fn keys(answer: &Value) -> Vec<String> {
    let items = answer["items"].as_array().unwrap();
    items.iter().map(|item| item["asin"].as_str().unwrap().to_owned()).collect()
}

async fn json_of(response: LocalResponse<'_>) -> (Status, Value) {
    let status = response.status();
    assert_eq!(response.content_type(), Some(ContentType::JSON), "{status}");
    let text = response.into_string().await.unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

fn interactions() -> Interactions {
    let rows = BOUGHT.iter().enumerate().flat_map(|(user, (_, items))| {
        items.iter().zip(0..).map(move |(item, time)| (user as u32, Interaction { item: *item, weight: 5.0, time }))
    });
    Interactions::from_pairs(BOUGHT.len(), ITEMS.len(), &rows.collect::<Vec<_>>())
}

fn products() -> Vec<Product> {
    let evil = format!("{EVIL} mug");
    let rows: [(&str, &str, &str, Option<f32>, u32); 8] = [
        ("Green tea", "Acme", "Tea", Some(5.0), 3),
        ("Black tea", "Acme", "Tea", Some(6.0), 2),
        ("White tea", "Blend", "Tea", Some(12.0), 1),
        ("Espresso", "Roast", "Coffee", Some(15.0), 2),
        ("Filter coffee", "Roast", "Coffee", Some(25.0), 2),
        ("Decaf", "Blend", "Coffee", None, 1),
        (&evil, "A&B <b>", "Kitchen", Some(9.0), 1),
        ("Teapot", "Acme", "Kitchen", Some(30.0), 1),
    ];
    let product =
        |(asin, (title, brand, category, price, count)): (&str, (&str, &str, &str, Option<f32>, u32))| Product {
            asin: asin.into(),
            title: Some(title.into()),
            brand: Some(brand.into()),
            categories: vec!["Kitchen & more".into(), category.into()],
            price,
            description: Some(format!("About {title}")),
            image: Some(format!("https://images.example/{asin}.jpg")),
            rating_mean: Some(4.5),
            rating_count: count,
            ..Product::default()
        };
    let rows: Vec<_> = ITEMS.into_iter().zip(rows).collect();
    let mut products: Vec<Product> = rows.into_iter().map(product).collect();
    products[1].image = Some("javascript:alert(1)".into());
    products
}

fn reviews() -> Vec<Review> {
    let rows =
        BOUGHT.iter().flat_map(|(user, items)| items.iter().zip(0..).map(move |(item, time)| (user, item, time)));
    let review = |(user, item, time): (&&str, &u32, i64)| Review {
        asin: ITEMS[*item as usize].into(),
        user: (*user).into(),
        time: 1_500_000_000 + time * 86_400,
        rating: 5.0,
        title: Some(format!("{EVIL} title")),
        text: Some(format!("{EVIL} text & more")),
        verified: Some(true),
        helpful_votes: Some(2),
        ..Review::default()
    };
    rows.map(review).collect()
}
