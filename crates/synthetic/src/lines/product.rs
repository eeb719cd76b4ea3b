//! Lines of product files, and the words that a product's reviews share with them.

use super::object::{Object, Quoting};
use crate::{
    Layout,
    catalogue::{Catalogue, Item},
    dice::Dice,
};

/// The words of one product.
pub struct Words {
    item: Item,
    adjective: &'static str,
    noun: &'static str,
    features: [&'static str; 2],
    uses: [&'static str; 2],
}

impl Words {
    /// The words of this product: always the same ones.
    pub fn new(catalogue: &Catalogue, number: u32) -> Self {
        let item = catalogue.items[number as usize];
        let mut dice = catalogue.dice(number, 2);
        let group = item.group_words();
        let (feature, purpose) = (dice.below(group.features.len()), dice.below(group.uses.len()));
        Self {
            item,
            adjective: dice.pick(item.style_words().adjectives),
            noun: dice.pick(group.nouns),
            features: [group.features[feature], group.features[(feature + 1) % group.features.len()]],
            uses: [group.uses[purpose], group.uses[(purpose + 1) % group.uses.len()]],
        }
    }

    /// A sentence with this product's words in the places of `{n}`, `{f}`, `{u}` and `{b}`.
    pub fn fill(&self, sentence: &str, dice: &mut Dice) -> String {
        sentence
            .replace("{n}", &self.noun.to_lowercase())
            .replace("{f}", dice.pick(&self.features))
            .replace("{u}", dice.pick(&self.uses))
            .replace("{b}", self.item.brand_name())
    }

    fn title(&self, dice: &mut Dice) -> String {
        const VARIANTS: [&str; 8] =
            ["", ", Black", ", Blue", ", Pack of 2", ", Large", ", Small", " - 2nd Edition", ", Set"];
        let Self { adjective, noun, .. } = self;
        let brand = self.item.brand_name();
        format!("{brand} {adjective} {noun} with {}{}", capitals(self.features[0]), dice.pick(&VARIANTS))
    }

    fn description(&self) -> Vec<String> {
        let Self { adjective, noun, features: [first, second], uses: [one, other], item } = self;
        let group = item.group_words();
        let first_part = format!(
            "The {adjective} {noun} by {} brings {first} and {second} to {one}. {}",
            item.brand_name(),
            item.style_words().promise
        );
        let second_part =
            format!("Ideal for {one} and {other}. From our {} range in {}.", group.name, group.department);
        vec![first_part, second_part]
    }

    /// Dollars, ending in 99 cents, or none where the shop shows no price.
    fn price(&self, dice: &mut Dice) -> Option<f64> {
        let price = self.item.group_words().price * self.item.style_words().price * (0.5 + dice.unit() + dice.unit());
        (!dice.chance(0.12)).then_some(price.floor() + 0.99)
    }

    /// A small picture that needs no network: a tile in the colour of the group with the noun's first letter.
    fn picture(&self) -> String {
        let hue = u32::from(self.item.group) * 15;
        let letter = &self.noun[..1];
        format!(
            "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'%3E%3Crect width='9' \
             height='9' fill='hsl({hue},45%25,60%25)'/%3E%3Ctext x='2' y='7' font-size='7'%3E{letter}%3C/text%3E%3C/svg%3E"
        )
    }
}

fn capitals(text: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// The line of a product. `asin` is its key as the layout quotes it, or none to leave it out.
pub fn write(layout: Layout, catalogue: &Catalogue, number: u32, asin: Option<&str>) -> String {
    let words = Words::new(catalogue, number);
    match layout {
        Layout::Amazon2014 => write_2014(catalogue, number, asin, &words),
        Layout::Amazon2018 => write_2018(catalogue, number, asin, &words),
        Layout::Amazon2023 => write_2023(catalogue, number, asin, &words),
    }
}

/// The key of a product as the layout quotes it.
pub fn quoted_asin(layout: Layout, catalogue: &Catalogue, number: u32) -> String {
    let quote = if layout == Layout::Amazon2014 { '\'' } else { '"' };
    format!("{quote}{}{quote}", catalogue.asin(number))
}

fn write_2014(catalogue: &Catalogue, number: u32, asin: Option<&str>, words: &Words) -> String {
    let mut dice = catalogue.dice(number, 3);
    let group = words.item.group_words();
    let title = words.title(&mut dice);
    let price = words.price(&mut dice);
    let bought = related(catalogue, number, 8, &mut dice);
    let viewed = related(catalogue, number, 5, &mut dice);
    let quoting = Quoting::Python;
    let related = Object::new(quoting).texts("also_bought", &bought).texts("also_viewed", &viewed).finish();
    let rank = Object::new(quoting).raw(group.department, words.item.popularity_rank + 1).finish();
    let path = [group.department, group.name, words.adjective];
    Object::new(quoting)
        .maybe("asin", asin)
        .text("description", &words.description().join(" "))
        .text("title", &title)
        .maybe("price", price.map(|price| format!("{price:.2}")))
        .text("imUrl", &words.picture())
        .raw("related", related)
        .raw("salesRank", rank)
        .text("brand", words.item.brand_name())
        .raw("categories", format_args!("[{}]", quoting.texts(&path)))
        .finish()
}

fn write_2018(catalogue: &Catalogue, number: u32, asin: Option<&str>, words: &Words) -> String {
    let mut dice = catalogue.dice(number, 3);
    let group = words.item.group_words();
    let title = html_title(&words.title(&mut dice), &mut dice);
    let price = match words.price(&mut dice) {
        Some(price) => format!("${price:.2}"),
        None if dice.chance(0.3) => ".a-box-inner{background-color:#fff}#alohaBuyBoxWidget .selected".to_owned(),
        None => String::new(),
    };
    let place = format!("{} in {} (", words.item.popularity_rank + 1, group.department);
    let rank = if dice.chance(0.3) { "[]".to_owned() } else { Quoting::Json.text(&place) };
    Object::new(Quoting::Json)
        .texts("category", &[group.department.replace('&', "&amp;").as_str(), group.name, words.adjective])
        .text("tech1", "")
        .texts("description", &words.description())
        .text("fit", "")
        .text("title", &title)
        .texts("also_buy", &related(catalogue, number, 8, &mut dice))
        .texts("image", &[words.picture()])
        .text("tech2", "")
        .text("brand", words.item.brand_name())
        .texts("feature", &words.features)
        .raw("rank", rank)
        .texts("also_view", &related(catalogue, number, 5, &mut dice))
        .raw("details", "{}")
        .text("main_cat", group.department)
        .text("similar_item", "")
        .text("date", "")
        .text("price", &price)
        .maybe("asin", asin)
        .finish()
}

fn write_2023(catalogue: &Catalogue, number: u32, asin: Option<&str>, words: &Words) -> String {
    let mut dice = catalogue.dice(number, 3);
    let group = words.item.group_words();
    let title = words.title(&mut dice);
    let price = words.price(&mut dice).map_or_else(|| "null".to_owned(), |price| format!("{price:.2}"));
    let picture = Object::new(Quoting::Json)
        .text("thumb", &words.picture())
        .text("large", &words.picture())
        .text("variant", "MAIN")
        .raw("hi_res", "null")
        .finish();
    Object::new(Quoting::Json)
        .text("main_category", group.department)
        .text("title", &title)
        .raw("average_rating", "null")
        .raw("rating_number", "null")
        .texts("features", &words.features)
        .texts("description", &words.description())
        .raw("price", price)
        .raw("images", format_args!("[{picture}]"))
        .raw("videos", "[]")
        .text("store", words.item.brand_name())
        .texts("categories", &[group.department, group.name, words.adjective])
        .raw("details", "{}")
        .maybe("parent_asin", asin)
        .raw("bought_together", "null")
        .finish()
}

/// Some real titles hold markup, and some nothing else.
fn html_title(title: &str, dice: &mut Dice) -> String {
    match dice.below(40) {
        0 => r#"<span class="a-size-medium a-color-secondary""#.to_owned(),
        1 | 2 => format!("<b>{}</b>", title.replace('&', "&amp;")),
        _ => title.replace('&', "&amp;"),
    }
}

/// Keys of products that are bought with this one: its companion, then others of its latent group.
fn related(catalogue: &Catalogue, number: u32, most: usize, dice: &mut Dice) -> Vec<String> {
    let item = catalogue.items[number as usize];
    let mut numbers = vec![item.companion];
    for _ in 0..most {
        numbers.extend(catalogue.draw_of_cluster(item.cluster(), dice));
    }
    let mut keys: Vec<String> = Vec::new();
    for other in numbers.into_iter().filter(|other| *other != number) {
        let key = catalogue.asin(other);
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::Settings;

    #[test]
    fn json_products_are_json_with_the_fields_of_their_layout() {
        let catalogue = Catalogue::new(&Settings::default());
        for number in 0..400 {
            let asin = quoted_asin(Layout::Amazon2018, &catalogue, number);
            let line = write(Layout::Amazon2018, &catalogue, number, Some(&asin));
            let product: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(product["asin"], catalogue.asin(number));
            assert_eq!(product["category"].as_array().unwrap().len(), 3);
            let line = write(Layout::Amazon2023, &catalogue, number, Some(&asin));
            let product: Value = serde_json::from_str(&line).unwrap();
            assert_eq!(product["parent_asin"], catalogue.asin(number));
        }
    }

    #[test]
    fn python_products_use_single_quotes() {
        let catalogue = Catalogue::new(&Settings::default());
        let line = write(Layout::Amazon2014, &catalogue, 0, Some("'B000000000'"));
        assert!(line.starts_with("{'asin': 'B000000000', 'description': 'The "), "{line}");
        assert!(line.contains("'categories': [['"), "{line}");
    }
}
