//! A row as it came: the fields of a JSON object, in their order, with their very text.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The fields of a row.
#[derive(Clone, Debug)]
pub(crate) struct Fields(Vec<(String, Box<RawValue>)>);

impl Fields {
    /// Each field with its value, which is JSON.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.0.iter();
        fields.map(|(name, value)| (name.as_str(), value.get()))
    }

    /// The value of a field, if it is there and says something.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.iter().find(|(field, _)| *field == name);
        found
            .map(|(_, value)| value)
            .filter(|value| *value != "null")
    }

    /// The value of a field as people read it; empty if there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.value(name).map(plain).unwrap_or_default()
    }

    /// The value of a field that is a number.
    pub(crate) fn number(&self, name: &str) -> u64 {
        let value = self.value(name).and_then(|value| value.parse().ok());
        value.unwrap_or_default()
    }

    /// Whether a field is true.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.value(name) == Some("true")
    }

    /// The texts of a field that is a list.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let list: Option<Vec<Box<RawValue>>> = self
            .value(name)
            .and_then(|value| serde_json::from_str(value).ok());
        let list = list.unwrap_or_default();
        list.iter().map(|value| plain(value.get())).collect()
    }
}

/// JSON as people read it: texts without quotes, lists of texts with commas, the rest as it is.
pub(super) fn plain(json: &str) -> String {
    if json.starts_with('"')
        && let Ok(text) = serde_json::from_str::<String>(json)
    {
        return text;
    }
    if json.starts_with('[')
        && let Ok(texts) = serde_json::from_str::<Vec<String>>(json)
    {
        return texts.join(", ");
    }
    json.to_owned()
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Fields;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }

        from.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_their_text() {
        let json = r#"{"b":1.0,"a":["x","y"],"c":"q\"","d":null,"e":{"z":[1]},"f":true}"#;
        let fields: Fields = serde_json::from_str(json).unwrap();
        let names: Vec<_> = fields.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "c", "d", "e", "f"]);
        let texts = ["a", "b", "c", "d", "e", "g"].map(|name| fields.text(name));
        assert_eq!(texts, ["x, y", "1.0", "q\"", "", r#"{"z":[1]}"#, ""]);
        assert_eq!(fields.list("a"), ["x", "y"]);
        assert!(fields.is("f") && !fields.is("g"));
        assert_eq!((fields.number("b"), fields.number("e")), (0, 0));
    }
}
