//! How it reads.

use reports::{
    chart::Frame,
    page::{Section, Table},
};

use super::{CoReview, Components, Neighbours};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, bin_figure, counted, fixed, number, section as page_section, share, small_percent},
};

pub fn section(graph: &CoReview) -> Section {
    let (components, neighbours) = (&graph.components, &graph.neighbours);
    let readings = vec![components_reading(components), degrees_reading(neighbours)];
    let readings = readings.into_iter().chain(clustering_reading(neighbours)).collect();
    let mut figures = Vec::new();
    if neighbours.by_degree.len() > 1 {
        let frame = Frame {
            title: "Neighbours of a product",
            description: "Products by number of other products that one of their reviewers reviewed; bins double.",
            x: "neighbours",
            y: "products",
        };
        let bins = neighbours.by_degree.iter().map(|bin| (&bin.neighbours, bin.items));
        figures.push(bin_figure("Neighbours of a product", &frame, bins));
    }
    if components.count > 1 {
        let frame = Frame {
            title: "Components by size",
            description: "Separate parts of the graph by number of users and products; bins double.",
            x: "users and products",
            y: "components",
        };
        let bins = components.sizes.iter().map(|bin| (&bin.size, bin.components));
        figures.push(bin_figure("Separate parts by size", &frame, bins));
    }
    page_section("co-review", "Co-review graph", readings, figures)
        .with_table(components_table(components))
        .with_table(neighbours_table(neighbours))
        .with_note(&note(neighbours))
}

fn components_reading(components: &Components) -> String {
    if components.count == 1 {
        return "All users and products hang together: from each product, reviews lead to every other one.".to_owned();
    }
    format!(
        "Reviews tie users and products into {} separate parts. The largest holds {} of the products, {} of the users and {} \
         of the reviews; {} a single product, to which no other one leads.",
        number(components.count),
        small_percent(share(components.giant_items, components.items)),
        small_percent(share(components.giant_users, components.users)),
        small_percent(share(components.giant_reviews, components.reviews)),
        counted(components.of_one_item, "part has", "parts have")
    )
}

fn degrees_reading(neighbours: &Neighbours) -> String {
    let about = match neighbours.mean_degree_interval {
        Some([low, high]) => format!(" (95 % interval {} to {})", fixed(low, 1), fixed(high, 1)),
        None => String::new(),
    };
    format!(
        "A product is joined to {} others on average{about}, half of them to {} at most; {} of the products that were looked at \
         are joined to none.",
        fixed(neighbours.mean_degree, 1),
        number(u64::from(neighbours.degrees[2])),
        small_percent(share(neighbours.isolated, neighbours.looked_at))
    )
}

fn clustering_reading(neighbours: &Neighbours) -> Option<String> {
    let clustering = neighbours.clustering?;
    let about = match neighbours.clustering_interval {
        Some([low, high]) => format!(" (95 % interval {} to {})", fixed(low, 3), fixed(high, 3)),
        None => String::new(),
    };
    Some(format!(
        "Two neighbours of a product are neighbours of one another with a share of {}{about} on average. Each user with three \
         reviews makes a triangle, so this is high wherever users review a lot.",
        fixed(clustering, 3)
    ))
}

fn note(neighbours: &Neighbours) -> String {
    let how = if neighbours.is_exact {
        "Everything here is of all reviews.".to_owned()
    } else {
        format!(
            "Components are of all reviews. Neighbours and clustering are of {} products drawn by `seed`, clustering of six \
             pairs of neighbours each. Of the {} users with more than {} reviews, {} are looked at, evenly spread over time, so \
             that the number of neighbours is rather too low.",
            number(neighbours.looked_at),
            number(neighbours.heavy_users),
            neighbours.heavy_from,
            neighbours.heavy_from
        )
    };
    format!("Two products are neighbours where one user reviewed both. {how}")
}

fn components_table(components: &Components) -> Table {
    let mut table = Table::new("Largest separate part", &["", "#in it", "#in all", "#share"]);
    for (name, part, whole) in [
        ("users", components.giant_users, components.users),
        ("products", components.giant_items, components.items),
        ("reviews", components.giant_reviews, components.reviews),
    ] {
        table.push([name.to_owned(), number(part), number(whole), small_percent(share(part, whole))]);
    }
    table
}

fn neighbours_table(neighbours: &Neighbours) -> Table {
    let columns: &[&str] = if neighbours.is_exact { &["", "#value"] } else { &["", "#value", "#95 % interval"] };
    let mut table = Table::new("Neighbours and clustering", columns);
    let ends = |interval: Option<[f64; 2]>, decimals: usize| {
        interval
            .map_or_else(String::new, |[low, high]| format!("{} to {}", fixed(low, decimals), fixed(high, decimals)))
    };
    let mut push = |name: &str, value: String, interval: String| table.push([name.to_owned(), value, interval]);
    push("mean neighbours", fixed(neighbours.mean_degree, 2), ends(neighbours.mean_degree_interval, 2));
    for (level, degree) in ["5 %", "25 %", "median", "75 %", "95 %", "most"].into_iter().zip(neighbours.degrees) {
        push(&format!("neighbours, {level}"), number(u64::from(degree)), String::new());
    }
    let clustering = neighbours.clustering.map_or_else(|| MISSING.to_owned(), |value| fixed(value, 3));
    push("clustering coefficient", clustering, ends(neighbours.clustering_interval, 3));
    if let Some(transitivity) = neighbours.transitivity {
        push("closed pairs of neighbours, of all", fixed(transitivity, 3), String::new());
    }
    table
}

pub fn alerts(graph: &CoReview) -> Vec<Alert> {
    let outside = 1.0 - share(graph.components.giant_items, graph.components.items);
    if outside < 0.05 {
        return Vec::new();
    }
    let text = format!(
        "{} of the products are outside of the largest connected part: no chain of reviews leads there, so models that learn \
         from reviews alone can hardly recommend them. More reviews an item, or models that read metadata, help.",
        small_percent(outside)
    );
    let severity = if outside >= 0.3 { Severity::Warning } else { Severity::Info };
    let alert =
        Alert::new(severity, "co-review", "separate-products", "Products that no reviews lead to", outside, text);
    vec![alert.with_number(small_percent(outside)).suggest("preprocess:\n  params:\n    min_item_interactions: 5")]
}
