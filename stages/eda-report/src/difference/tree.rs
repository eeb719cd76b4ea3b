//! Figures as a tree whose fields keep the order in which they were written.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
};

/// A value of JSON, with counts told from other numbers.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    Nothing,
    Text(String),
    Count(u64),
    Number(f64),
    List(Vec<Self>),
    Fields(Vec<(String, Self)>),
}

impl Tree {
    /// The tree of anything that can be written as JSON.
    pub fn of(value: &impl Serialize) -> Self {
        let text = serde_json::to_string(value).expect("figures are plain data");
        serde_json::from_str(&text).expect("what was written as JSON is JSON")
    }

    /// The value of a number.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Count(count) => Some(*count as f64),
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// A field by name; nothing where it is missing.
    pub fn field(&self, name: &str) -> &Self {
        let Self::Fields(fields) = self else { return &Self::Nothing };
        fields.iter().find(|(field, _)| field == name).map_or(&Self::Nothing, |(_, value)| value)
    }

    /// Names of the fields of both, in the order of the first, then what only the second has.
    pub fn names<'a>(before: &'a Self, after: &'a Self) -> Vec<&'a str> {
        let of = |tree: &'a Self| if let Self::Fields(fields) = tree { fields.as_slice() } else { &[] };
        let mut names: Vec<&str> = of(before).iter().map(|(name, _)| name.as_str()).collect();
        for (name, _) in of(after) {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }
}

/// As it reads in a table.
impl fmt::Display for Tree {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let joined = |list: &[Self]| list.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Nothing => formatter.write_str("none"),
            Self::Text(text) => formatter.write_str(text),
            Self::Count(count) => write!(formatter, "{count}"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::List(list) => formatter.write_str(&joined(list)),
            Self::Fields(fields) => {
                let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} {value}")).collect();
                formatter.write_str(&fields.join(", "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value of JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Nothing)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Text(if value { "yes" } else { "no" }.to_owned()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Count(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value as f64))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Number(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = entries.next_entry()? {
            fields.push(field);
        }
        Ok(Tree::Fields(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_counts_are_told_from_numbers() {
        let tree: Tree = serde_json::from_str(r#"{"z": 1, "a": [1.0, -1, null, true, "x"]}"#).unwrap();
        let list =
            [Tree::Number(1.0), Tree::Number(-1.0), Tree::Nothing, Tree::Text("yes".into()), Tree::Text("x".into())];
        assert_eq!(tree, Tree::Fields(vec![("z".into(), Tree::Count(1)), ("a".into(), Tree::List(list.into()))]));
        let other: Tree = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(Tree::names(&tree, &other), ["z", "a", "b"]);
        assert_eq!(tree.to_string(), "z 1, a 1, -1, none, yes, x");
    }
}
