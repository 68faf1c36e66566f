//! Machine images and instance types.

use eksentry_core::facts::cluster::{InstanceType, MachineImage};
use jiff::Timestamp;

use crate::age::age;
use crate::ec2::response::{Image, InstanceTypeInfo};

/// Returns the facts about an image, whose age is that at `now`.
pub(in crate::ec2) fn image(image: &Image, now: Timestamp) -> Result<MachineImage, &'static str> {
    let created = image.creation_date.as_deref();
    let created = created.and_then(|date| date.parse::<Timestamp>().ok());
    Ok(MachineImage {
        id: image.image_id.clone().ok_or("the ID of an image")?,
        name: image.name.clone(),
        is_amazon: image.image_owner_alias.as_deref() == Some("amazon"),
        age: created.map(|created| age(created, now)),
    })
}

/// Returns the facts about an instance type.
pub(in crate::ec2) fn instance_type(
    listed: &InstanceTypeInfo,
) -> Result<InstanceType, &'static str> {
    let network = listed.network_info.as_ref();
    let name = listed.instance_type.clone();
    Ok(InstanceType {
        name: name.ok_or("the name of an instance type")?,
        encrypts_in_transit: network.and_then(|network| network.encryption_in_transit_supported),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(elements: &str) -> Result<MachineImage, &'static str> {
        let listed = quick_xml::de::from_str(&format!("<item>{elements}</item>")).unwrap();
        image(&listed, "2026-11-28T00:00:00Z".parse().unwrap())
    }

    #[test]
    fn an_image_has_its_age_if_its_date_is_valid() {
        for (date, expected) in [
            (
                "<creationDate>2026-11-01T10:00:00.000Z</creationDate>",
                Some(26),
            ),
            (
                "<creationDate>2026-10-28T00:00:00.000Z</creationDate>",
                Some(31),
            ),
            ("<creationDate>yesterday</creationDate>", None),
            ("", None),
        ] {
            let image = read(&format!("<imageId>ami-1</imageId>{date}")).unwrap();
            assert_eq!(image.age.map(|age| age.days), expected, "{date}");
        }
    }

    #[test]
    fn the_alias_of_the_owner_shows_images_of_amazon() {
        for (alias, expected) in [
            ("<imageOwnerAlias>amazon</imageOwnerAlias>", true),
            ("<imageOwnerAlias>self</imageOwnerAlias>", false),
            ("", false),
        ] {
            let image = read(&format!("<imageId>ami-1</imageId><name>x</name>{alias}")).unwrap();
            assert_eq!(image.is_amazon, expected, "{alias}");
            assert_eq!(image.name.as_deref(), Some("x"));
        }
        assert_eq!(read("<name>x</name>"), Err("the ID of an image"));
    }

    #[test]
    fn the_encryption_of_an_instance_type_is_known_or_not() {
        let network = |text: &str| {
            format!(
                "<networkInfo><encryptionInTransitSupported>{text}</encryptionInTransitSupported></networkInfo>"
            )
        };
        for (elements, expected) in [
            (network("true"), Some(true)),
            (network("false"), Some(false)),
            ("<networkInfo/>".to_owned(), None),
            (String::new(), None),
        ] {
            let text = format!("<item><instanceType>t3.large</instanceType>{elements}</item>");
            let read = instance_type(&quick_xml::de::from_str(&text).unwrap()).unwrap();
            assert_eq!(read.encrypts_in_transit, expected, "{elements}");
        }
    }
}
