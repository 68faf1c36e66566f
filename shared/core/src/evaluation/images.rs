//! The images to which a check applies.

use crate::facts::EcrImage;
use crate::facts::image::Content;
use crate::reason_code::ReasonCode;
use crate::verdict::Verdict;

/// Returns the verdict on an image index, of which the images for its platforms are evaluated; `None` for an image.
pub(crate) fn index(image: &EcrImage) -> Option<Verdict> {
    (image.content == Content::Index).then(|| {
        Verdict::not_applicable(
            ReasonCode::ResourceNotApplicable,
            "This is an image index; the images of its platforms are evaluated.",
        )
    })
}

/// Returns the verdict on an image that was not pushed or pulled within this number of days; `None` if it was, if that
/// is not known, or if the number is 0.
pub(crate) fn inactive(image: &EcrImage, active_days: u32) -> Option<Verdict> {
    let idle = image.idle_days?;
    (active_days > 0 && idle > active_days).then(|| {
        let text = format!(
            "The image was last pushed or pulled {idle} days ago, which is more than {active_days} days."
        );
        Verdict::not_applicable(ReasonCode::ImageNotActive, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Evaluated;
    use crate::checks::CHECKS;
    use crate::checks::samples::image;
    use crate::facts::FactsOf;
    use crate::parameters::ParameterValues;
    use crate::resource::Resource;
    use crate::verdict::Outcome;

    #[test]
    fn only_the_check_of_signatures_evaluates_indexes() {
        let index = EcrImage {
            content: Content::Index,
            ..image()
        };
        let arn = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
        let resource = Resource::parse(arn).unwrap();
        let checks = CHECKS.iter();
        for check in checks.filter(|check| check.kind() == EcrImage::KIND) {
            let settings = ParameterValues::default();
            let evaluated = check.evaluate.evaluate(&resource, &index, &settings);
            let Some(Evaluated::Resource(verdict)) = evaluated else {
                panic!("{} decides about images", check.id);
            };
            let is_evaluated = verdict.outcome != Outcome::NotApplicable;
            assert_eq!(is_evaluated, check.id == "ecr-image-signed", "{}", check.id);
        }
    }

    #[test]
    fn an_image_is_inactive_after_a_number_of_days() {
        for (idle_days, active_days, expected) in [
            (Some(91), 0, false),
            (Some(90), 90, false),
            (Some(91), 90, true),
            (None, 90, false),
        ] {
            let image = EcrImage {
                idle_days,
                ..image()
            };
            let verdict = inactive(&image, active_days);
            assert_eq!(verdict.is_some(), expected, "{idle_days:?} {active_days}");
        }
    }
}
