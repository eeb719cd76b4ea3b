//! Coverage, and the other parts put together.

use super::{AlsoBought, Brands, Categories, FieldCoverage, Metadata, Prices};
use crate::{
    Params,
    data::{Data, Products},
};

pub fn measure(data: &Data, products: &Products, params: &Params) -> Metadata {
    let reviews_of = |is_wanted: &dyn Fn(u8) -> bool| {
        let chosen = || products.filled.iter().zip(&data.items.reviews).filter(|(filled, _)| is_wanted(**filled));
        (chosen().count() as u64, chosen().map(|(_, reviews)| u64::from(*reviews)).sum::<u64>())
    };
    let (joined, joined_reviews) = reviews_of(&|filled| filled != 0);
    let field = |(bit, name): (usize, &str)| {
        let (items, reviews) = reviews_of(&|filled| filled >> bit & 1 == 1);
        FieldCoverage { field: name.to_owned(), items, reviews }
    };
    Metadata {
        rows: products.rows,
        unreviewed: products.unreviewed,
        items: data.items.len() as u64,
        joined,
        reviews: data.reviews.len() as u64,
        joined_reviews,
        fields: Products::FIELDS.into_iter().enumerate().map(field).collect(),
        categories: Categories::of(data, products, params.top),
        prices: Prices::of(data, products),
        brands: Brands::of(data, products, params.top),
        also_bought: AlsoBought::of(data, products, params.seed),
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Params,
        chapters::{Chapter, metadata::Metadata},
        data::fixture::{Fixture, Product, data, row},
    };

    #[test]
    fn coverage_by_hand() {
        let rows = vec![row("u", "a", 5.0, 0), row("v", "a", 4.0, 0), row("u", "b", 1.0, 0), row("u", "c", 1.0, 0)];
        let products = vec![
            Product { item: "a", title: Some("A"), price: Some(3.0), ..Product::default() },
            Product { item: "b", ..Product::default() },
            Product { item: "z", title: Some("Z"), ..Product::default() },
        ];
        let params = Params::default();
        let data_with = Fixture { rows: rows.clone(), products: Some(products), ..Fixture::default() }.data(&params);
        let found = Metadata::measure(&data_with, &params).unwrap().unwrap();
        assert_eq!((found.rows, found.unreviewed, found.items, found.joined), (3, 1, 3, 1), "b is a bare row");
        assert_eq!((found.reviews, found.joined_reviews), (4, 2));
        assert_eq!((found.fields[0].items, found.fields[0].reviews, found.fields[1].items), (1, 2, 0));
        assert_eq!(Metadata::measure(&data(&rows), &params).unwrap(), None);
    }
}
