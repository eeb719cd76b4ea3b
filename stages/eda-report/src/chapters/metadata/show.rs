//! How it reads.

use reports::{
    chart::{self, Band, Chart, Frame, Scale, Series, Spot, Unit},
    page::{Section, Table},
};

use super::{AlsoBought, Brands, Categories, Metadata, Prices, groups::ProductGroup};
use crate::{
    alert::{Alert, Severity},
    words::{MISSING, counted, figure, fixed, number, percent, section, share, small_percent},
};

pub fn absent() -> Section {
    let text = "The product metadata is not connected (inputs: {items: load.items}); the stage load reads it from the files \
                that its parameter metadata names.";
    section("metadata", "Metadata", vec![text.to_owned()], Vec::new())
}

pub fn sections(metadata: &Metadata) -> Vec<Section> {
    let mut sections = vec![coverage(metadata)];
    if metadata.joined > 0 {
        sections.push(categories(&metadata.categories, metadata));
        sections.push(prices(&metadata.prices, metadata));
        sections.push(brands(&metadata.brands, metadata));
        sections.push(bought(&metadata.also_bought, metadata));
    }
    sections
}

fn coverage(metadata: &Metadata) -> Section {
    if metadata.is_bare() {
        let text =
            "No product metadata was loaded; the stage load reads it from the files that its parameter metadata names.";
        return section("metadata", "Metadata", vec![text.to_owned()], Vec::new());
    }
    let mut readings = vec![format!(
        "{} of the {} reviewed products have metadata ({}); they have {} of the reviews. {} of products without \
         reviews.",
        number(metadata.joined),
        number(metadata.items),
        small_percent(share(metadata.joined, metadata.items)),
        small_percent(share(metadata.joined_reviews, metadata.reviews)),
        counted(metadata.unreviewed, "row of metadata is", "rows of metadata are")
    )];
    if let Some(worst) =
        metadata.fields.iter().min_by_key(|field| field.items).filter(|field| field.items < metadata.items)
    {
        readings.push(format!(
            "The field {} is filled least often: {} of the reviewed products have it.",
            worst.field.replace('_', " "),
            small_percent(share(worst.items, metadata.items))
        ));
    }
    let names: Vec<String> = metadata.fields.iter().map(|field| field.field.replace('_', " ")).collect();
    let of = |get: &dyn Fn(usize) -> f64| (0..names.len()).map(get).collect::<Vec<f64>>();
    let items = of(&|field| share(metadata.fields[field].items, metadata.items));
    let reviews = of(&|field| share(metadata.fields[field].reviews, metadata.reviews));
    let frame = Frame {
        title: "Filled fields",
        description: "Share of the reviewed products that have each field, and of the reviews.",
        x: "filled",
        y: "field",
    };
    let series = [Series { name: "of products", values: &items }, Series { name: "of reviews", values: &reviews }];
    let chart = chart::horizontal_bars(&frame, &names, &series, Unit::Percent);
    let mut table = Table::new("Fields of the metadata", &["field", "#products", "#of products", "#of reviews"]);
    for (place, field) in metadata.fields.iter().enumerate() {
        table.push([names[place].clone(), number(field.items), percent(items[place], 1), percent(reviews[place], 1)]);
    }
    section("metadata", "Metadata", readings, vec![figure("Filled fields", chart)]).with_table(table)
}

fn products(count: u64) -> String {
    counted(count, "product", "products")
}

fn categories(categories: &Categories, metadata: &Metadata) -> Section {
    let reading = match categories.top.first() {
        None => "No reviewed product has a category.".to_owned(),
        Some(first) if categories.count == 1 => {
            format!("Whatever has a category is in the same one, {}: {}.", first.name, products(categories.items))
        }
        Some(first) => format!(
            "{} categories over {}, {} a product on average; {} of them have a single product. The largest is {} with {} of \
             the reviews.",
            number(categories.count),
            products(categories.items),
            fixed(categories.mean_depth, 1),
            number(categories.of_one_item),
            first.name,
            percent(share(first.reviews, metadata.reviews), 1)
        ),
    };
    let mut page = section("categories", "Categories", vec![reading], Vec::new());
    if !categories.top.is_empty() {
        page.figures.push(figure("Categories with most reviews", mix(&categories.top, metadata)));
        page.tables.push(group_table(&categories.top, "Categories with most reviews", "category", metadata));
    }
    page.with_note(
        "A product counts in each of its categories, from general to special, so shares add up to more than all.",
    )
}

/// Shares of products and reviews of the largest groups.
fn mix(groups: &[ProductGroup], metadata: &Metadata) -> Chart {
    let frame = Frame {
        title: "Mix",
        description: "Share of the reviewed products and of the reviews, by group.",
        x: "share",
        y: "name",
    };
    let shown = &groups[..groups.len().min(12)];
    let names: Vec<String> = shown.iter().map(|group| group.name.clone()).collect();
    let items: Vec<f64> = shown.iter().map(|group| share(group.items, metadata.items)).collect();
    let reviews: Vec<f64> = shown.iter().map(|group| share(group.reviews, metadata.reviews)).collect();
    let series = [Series { name: "of products", values: &items }, Series { name: "of reviews", values: &reviews }];
    chart::horizontal_bars(&frame, &names, &series, Unit::Percent)
}

fn group_table(groups: &[ProductGroup], caption: &str, heading: &str, metadata: &Metadata) -> Table {
    let columns = [heading, "#products", "#of products", "#reviews", "#of reviews", "#mean rating"];
    let mut table = Table::new(caption, &columns);
    for group in groups {
        table.push([
            group.name.clone(),
            number(group.items),
            percent(share(group.items, metadata.items), 1),
            number(group.reviews),
            percent(share(group.reviews, metadata.reviews), 1),
            fixed(group.mean_rating, 2),
        ]);
    }
    table.wide = true;
    table
}

fn prices(prices: &Prices, metadata: &Metadata) -> Section {
    let Some(quantiles) = prices.quantiles else {
        return section("price", "Prices", vec!["No reviewed product has a price above zero.".to_owned()], Vec::new());
    };
    let money = |price: f32| fixed(f64::from(price), 2);
    let mut readings = vec![format!(
        "{} of the reviewed products have a price; half of these cost at most {}, one in twenty more than {}.",
        percent(share(prices.items, metadata.items), 1),
        money(quantiles[2]),
        money(quantiles[4])
    )];
    if let Some(explained) = prices.explained.filter(|_| prices.bands.len() > 1) {
        let word = if explained < 0.01 {
            "next to nothing"
        } else if explained < 0.06 {
            "little"
        } else {
            "a good part"
        };
        readings.push(format!(
            "Bands of price explain {} of the variance of the ratings (eta squared): {word}.",
            small_percent(explained)
        ));
    }
    let spots: Vec<Spot> = prices.scatter.iter().map(|spot| Spot { x: spot[0], y: spot[1], count: spot[2] }).collect();
    let frame = Frame {
        title: "Price against rating",
        description: "Products by price and mean rating, in bins; the area grows with the number of products.",
        x: "price",
        y: "mean rating",
    };
    let scatter = chart::scatter(&frame, (Scale::Log, Unit::Fixed(2)), (Scale::Linear, Unit::Fixed(1)), &spots);
    let mut figures = vec![figure("Price against mean rating", scatter)];
    if prices.bands.len() > 1 {
        figures.push(figure("Mean rating by price", band(prices)));
    }
    let columns = ["price", "#products", "#reviews", "#mean of reviews", "#mean of products", "#95 % interval"];
    let mut table = Table::new("Ratings by price", &columns);
    for band in &prices.bands {
        let interval = band
            .interval
            .map_or_else(|| MISSING.to_owned(), |[low, high]| format!("{} to {}", fixed(low, 2), fixed(high, 2)));
        table.push([
            if band.from.to_bits() == band.to.to_bits() {
                money(band.from)
            } else {
                format!("{} to {}", money(band.from), money(band.to))
            },
            number(band.items),
            number(band.reviews),
            fixed(band.mean_rating, 2),
            fixed(band.mean_of_items, 2),
            interval,
        ]);
    }
    table.wide = true;
    section("price", "Prices", readings, figures).with_table(table).with_note(
        "Prices are in the shop's currency, and of the day of the metadata, not of the purchase. Bands hold about as many \
         products each; products without a price, or with none above zero, are left out.",
    )
}

fn band(prices: &Prices) -> Chart {
    let frame = Frame {
        title: "Mean rating by price",
        description: "Mean of the products' mean ratings with its 95 % interval, by band of price.",
        x: "price (middle of the band)",
        y: "mean rating",
    };
    let points: Vec<[f64; 4]> = prices
        .bands
        .iter()
        .map(|band| {
            let [low, high] = band.interval.unwrap_or([band.mean_of_items; 2]);
            let middle = (f64::from(band.from) * f64::from(band.to)).sqrt();
            [middle, low, band.mean_of_items, high]
        })
        .collect();
    let band = Band { name: "mean rating", points: &points };
    chart::band(&frame, (Scale::Log, Unit::Fixed(2)), (Scale::Linear, Unit::Fixed(2)), &[band])
}

fn brands(brands: &Brands, metadata: &Metadata) -> Section {
    let Some(first) = brands.top.first() else {
        return section("brands", "Brands", vec!["No reviewed product has a brand.".to_owned()], Vec::new());
    };
    let reading = format!(
        "{} {} of the reviewed products. The largest, {}, has {} of the reviews of products with a brand, the \
         largest ten have {}. The Gini coefficient of the reviews of the brands is {}; they are as concentrated as {} equal \
         brands would be.",
        counted(brands.count, "brand makes", "brands make"),
        percent(share(brands.items, metadata.items), 1),
        first.name,
        percent(brands.top_shares[0], 1),
        percent(brands.top_shares[2], 1),
        fixed(brands.gini, 2),
        fixed(brands.effective, 1)
    );
    section("brands", "Brands", vec![reading], vec![figure("Brands with most reviews", mix(&brands.top, metadata))])
        .with_table(group_table(&brands.top, "Brands with most reviews", "brand", metadata))
        .with_note(
            "The Gini coefficient is 0 where all brands have as many reviews, and near 1 where one has nearly all. The number of \
             equal brands is the inverse of Herfindahl's index.",
        )
}

fn bought(bought: &AlsoBought, metadata: &Metadata) -> Section {
    if bought.links == 0 {
        let rest = match bought.elsewhere {
            0 => ".".to_owned(),
            links => format!("; {} to products without reviews.", counted(links, "link leads", "links lead")),
        };
        let text = format!("No reviewed product names another reviewed one as also bought{rest}");
        return section("also-bought", "Also bought", vec![text], Vec::new());
    }
    let mut readings = vec![format!(
        "{} products name {} other reviewed ones as also bought, {} links in all; {} more lead to products without reviews. {} \
         of the links go both ways, and {} of the reviewed products are reached by one.",
        number(bought.from_items),
        number(bought.reached),
        number(bought.links),
        number(bought.elsewhere),
        small_percent(bought.reciprocity.unwrap_or_default()),
        small_percent(share(bought.reached, metadata.items))
    )];
    if let (Some(together), Some([low, high])) = (bought.co_reviewed, bought.co_reviewed_interval) {
        let chance = bought.co_reviewed_by_chance.map_or_else(String::new, |share| {
            format!(" Of pairs of the same products in another order it is {}.", small_percent(share))
        });
        readings.push(format!(
            "{} of the linked pairs have a reviewer in common (95 % interval {} to {}).{chance} The more this differs, the more \
             the shop's links and the reviews tell the same.",
            small_percent(together),
            small_percent(low),
            small_percent(high)
        ));
    }
    let missing = || MISSING.to_owned();
    let mut table = Table::new("Links to products also bought", &["", "#number"]);
    for (name, value) in [
        ("products with links", number(bought.from_items)),
        ("products that a link leads to", number(bought.reached)),
        ("links between reviewed products", number(bought.links)),
        ("links to products without reviews", number(bought.elsewhere)),
        ("links that go both ways", bought.reciprocity.map_or_else(missing, small_percent)),
        ("links compared with reviews", number(bought.compared)),
        ("pairs with a reviewer in common", bought.co_reviewed.map_or_else(missing, small_percent)),
        ("the same by popularity alone", bought.co_reviewed_by_chance.map_or_else(missing, small_percent)),
    ] {
        table.push([name.to_owned(), value]);
    }
    section("also-bought", "Also bought", readings, Vec::new()).with_table(table).with_note(
        "At most 5,000 links, drawn by `seed`, are compared with the reviews. For pairs by popularity alone, each first product \
         gets the second one of another link.",
    )
}

pub fn alerts(metadata: &Metadata) -> Vec<Alert> {
    let mut alerts = Vec::new();
    let without = 1.0 - share(metadata.joined, metadata.items);
    let yaml = "load:\n  params:\n    metadata: PATH/meta.json.gz";
    if metadata.is_bare() {
        let text = "No product metadata was loaded: models learn from reviews alone, and know nothing of a product that is new.";
        let alert = Alert::new(Severity::Info, "metadata", "no-metadata", "No product metadata", without, text);
        return vec![alert.suggest(yaml)];
    }
    if without >= 0.05 {
        let severity = if without >= 0.5 { Severity::Serious } else { Severity::Warning };
        let text = format!(
            "{} of the reviewed products have no metadata, and models that read it know nothing of them. Check that the files \
             of `metadata` belong to those of `reviews`.",
            small_percent(without)
        );
        alerts.push(
            Alert::new(severity, "metadata", "products-without-metadata", "Products without metadata", without, text)
                .with_number(small_percent(without))
                .suggest(yaml),
        );
    }
    let priced = share(metadata.prices.items, metadata.items);
    if metadata.joined > 0 && priced < 0.3 {
        let text =
            format!("{} of the reviewed products have a price: bands of price say little.", small_percent(priced));
        alerts.push(
            Alert::new(Severity::Info, "price", "few-prices", "Few products have a price", priced, text)
                .with_number(small_percent(priced))
                .suggest("preprocess:\n  params:\n    price_bands: 0"),
        );
    }
    if metadata.brands.top_shares[0] >= 0.5 && metadata.brands.count > 1 {
        let largest = metadata.brands.top_shares[0];
        let text = format!(
            "One brand has {} of the reviews of products with a brand: what is said of brands is mostly said of this one.",
            percent(largest, 1)
        );
        alerts.push(
            Alert::new(Severity::Info, "brands", "one-brand", "One brand has most reviews", largest, text)
                .with_number(percent(largest, 1)),
        );
    }
    alerts
}
