//! The public dumps of Amazon reviews: where their files stand and which categories there are.
//!
//! The lists are part of the program, so that a misspelt category is told before anything is asked of
//! the site. The sites publish no checksums; `--sha256` takes one from elsewhere.

use clap::ValueEnum;

/// A public dump of Amazon reviews.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Dump {
    /// Reviews of May 1996 to July 2014, from a site of Stanford University.
    #[value(name = "amazon-2014")]
    Amazon2014,
    /// Reviews of May 1996 to October 2018, from the University of California, San Diego.
    #[value(name = "amazon-2018")]
    Amazon2018,
    /// Reviews of May 1996 to September 2023, from the University of California, San Diego.
    #[value(name = "amazon-2023")]
    Amazon2023,
}

impl Dump {
    /// Its name, which is also that of the layout and of the pipeline.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amazon2014 => "amazon-2014",
            Self::Amazon2018 => "amazon-2018",
            Self::Amazon2023 => "amazon-2023",
        }
    }

    /// What the addresses of all its files begin with.
    pub fn site(self) -> &'static str {
        match self {
            Self::Amazon2014 => "https://snap.stanford.edu/data/amazon/productGraph",
            Self::Amazon2018 => "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_v2",
            Self::Amazon2023 => "https://mcauleylab.ucsd.edu/public_datasets/data/amazon_2023",
        }
    }

    /// The review file of a category, relative to the site.
    pub fn reviews(self, category: &str) -> String {
        match self {
            Self::Amazon2014 => format!("categoryFiles/reviews_{category}.json.gz"),
            Self::Amazon2018 => format!("categoryFiles/{category}.json.gz"),
            Self::Amazon2023 => format!("raw/review_categories/{category}.jsonl.gz"),
        }
    }

    /// The review file without users and items of fewer than five reviews; none where the dump has no
    /// such file with texts.
    pub fn five_core(self, category: &str) -> Option<String> {
        match self {
            Self::Amazon2014 => Some(format!("categoryFiles/reviews_{category}_5.json.gz")),
            Self::Amazon2018 => Some(format!("categoryFilesSmall/{category}_5.json.gz")),
            Self::Amazon2023 => None,
        }
    }

    /// The product file of a category, relative to the site.
    pub fn metadata(self, category: &str) -> String {
        match self {
            Self::Amazon2014 => format!("categoryFiles/meta_{category}.json.gz"),
            Self::Amazon2018 => format!("metaFiles2/meta_{category}.json.gz"),
            Self::Amazon2023 => format!("raw/meta_categories/meta_{category}.jsonl.gz"),
        }
    }

    /// All categories, in the order of the alphabet.
    pub fn categories(self) -> &'static [&'static str] {
        match self {
            Self::Amazon2014 => CATEGORIES_2014,
            Self::Amazon2018 => CATEGORIES_2018,
            Self::Amazon2023 => CATEGORIES_2023,
        }
    }
}

const CATEGORIES_2014: &[&str] = &[
    "Amazon_Instant_Video",
    "Apps_for_Android",
    "Automotive",
    "Baby",
    "Beauty",
    "Books",
    "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry",
    "Digital_Music",
    "Electronics",
    "Grocery_and_Gourmet_Food",
    "Health_and_Personal_Care",
    "Home_and_Kitchen",
    "Kindle_Store",
    "Movies_and_TV",
    "Musical_Instruments",
    "Office_Products",
    "Patio_Lawn_and_Garden",
    "Pet_Supplies",
    "Sports_and_Outdoors",
    "Tools_and_Home_Improvement",
    "Toys_and_Games",
    "Video_Games",
];

const CATEGORIES_2018: &[&str] = &[
    "AMAZON_FASHION",
    "All_Beauty",
    "Appliances",
    "Arts_Crafts_and_Sewing",
    "Automotive",
    "Books",
    "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry",
    "Digital_Music",
    "Electronics",
    "Gift_Cards",
    "Grocery_and_Gourmet_Food",
    "Home_and_Kitchen",
    "Industrial_and_Scientific",
    "Kindle_Store",
    "Luxury_Beauty",
    "Magazine_Subscriptions",
    "Movies_and_TV",
    "Musical_Instruments",
    "Office_Products",
    "Patio_Lawn_and_Garden",
    "Pet_Supplies",
    "Prime_Pantry",
    "Software",
    "Sports_and_Outdoors",
    "Tools_and_Home_Improvement",
    "Toys_and_Games",
    "Video_Games",
];

const CATEGORIES_2023: &[&str] = &[
    "All_Beauty",
    "Amazon_Fashion",
    "Appliances",
    "Arts_Crafts_and_Sewing",
    "Automotive",
    "Baby_Products",
    "Beauty_and_Personal_Care",
    "Books",
    "CDs_and_Vinyl",
    "Cell_Phones_and_Accessories",
    "Clothing_Shoes_and_Jewelry",
    "Digital_Music",
    "Electronics",
    "Gift_Cards",
    "Grocery_and_Gourmet_Food",
    "Handmade_Products",
    "Health_and_Household",
    "Health_and_Personal_Care",
    "Home_and_Kitchen",
    "Industrial_and_Scientific",
    "Kindle_Store",
    "Magazine_Subscriptions",
    "Movies_and_TV",
    "Musical_Instruments",
    "Office_Products",
    "Patio_Lawn_and_Garden",
    "Pet_Supplies",
    "Software",
    "Sports_and_Outdoors",
    "Subscription_Boxes",
    "Tools_and_Home_Improvement",
    "Toys_and_Games",
    "Unknown",
    "Video_Games",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn categories_are_sorted_and_unique() {
        for dump in Dump::value_variants() {
            assert!(dump.categories().is_sorted_by(|one, other| one < other), "{}", dump.name());
        }
        // As counted on the pages of the three dumps.
        assert_eq!([CATEGORIES_2014.len(), CATEGORIES_2018.len(), CATEGORIES_2023.len()], [24, 29, 34]);
    }

    #[test]
    fn the_words_of_the_command_line_are_the_names() {
        for dump in Dump::value_variants() {
            assert_eq!(dump.to_possible_value().map(|value| value.get_name().to_owned()).as_deref(), Some(dump.name()));
        }
    }
}
