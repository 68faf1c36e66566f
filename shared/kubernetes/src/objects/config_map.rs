//! ConfigMaps, which are read one by one, by their names.

use std::collections::BTreeMap;

use eksentry_core::field::{Field, InvalidField};
use serde::Deserialize;

use crate::client::Client;
use crate::problem::Problem;
use crate::request::ApiResource;

const CONFIG_MAPS: ApiResource = ApiResource::core("configmaps");

/// A ConfigMap, as the API server returns it. Its binary data is not needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ConfigMap {
    data: Field<BTreeMap<String, Field<String>>>,
}

impl ConfigMap {
    /// Reads a ConfigMap. Returns `None` if there is none of that name.
    ///
    /// # Errors
    ///
    /// Returns an error if the ConfigMap can't be read.
    pub(super) async fn get(
        client: &Client,
        namespace: &str,
        name: &str,
    ) -> Result<Option<Self>, Problem> {
        client.get(CONFIG_MAPS, Some(namespace), name).await
    }

    /// Returns the text of a key; `None` if there is none.
    ///
    /// # Errors
    ///
    /// Returns an error if the data has an unexpected type.
    pub(super) fn text(&self, key: &str) -> Result<Option<&str>, InvalidField> {
        let Some(data) = self.data.read()? else {
            return Ok(None);
        };
        let text = data.get(key).map_or(Ok(None), Field::read)?;
        Ok(text.map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::script::{Answer, Script};

    /// Returns the text of the key `a` of a ConfigMap with this data.
    fn text_of(data: &Value) -> Result<Option<String>, InvalidField> {
        let config_map: ConfigMap = serde_json::from_value(json!({"data": data})).unwrap();
        Ok(config_map.text("a")?.map(str::to_owned))
    }

    #[test]
    fn data_of_an_unexpected_type_is_no_missing_data() {
        for (data, expected) in [
            (json!({"a": "x", "b": 7}), Ok(Some("x".to_owned()))),
            (json!({"a": ""}), Ok(Some(String::new()))),
            (json!({"a": null}), Ok(None)),
            (json!({"b": "x"}), Ok(None)),
            (json!(null), Ok(None)),
            (json!({"a": 7}), Err(InvalidField)),
            (json!({"a": ["x"]}), Err(InvalidField)),
            (json!(["a"]), Err(InvalidField)),
        ] {
            assert_eq!(text_of(&data), expected, "{data}");
        }
    }

    #[tokio::test]
    async fn one_config_map_is_requested_by_its_name() {
        let script = Script::new([Answer::new(200, r#"{"data": {"a": "x"}}"#)]);
        let read = ConfigMap::get(&script.client(), "kube-system", "settings").await;
        let config_map = read.unwrap().unwrap();
        assert_eq!(config_map.text("a"), Ok(Some("x")));
        let path = "/api/v1/namespaces/kube-system/configmaps/settings";
        assert_eq!(script.paths(), [path]);
    }
}
