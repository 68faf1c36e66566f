//! The scans of images.

use eksentry_core::State;
use eksentry_core::facts::image::Scan;

use super::epss::Epss;
use super::images::identifier;
use super::parse::{ReadScan, ScanPages};
use super::{IMAGE_ABSENT, PAGE, REPOSITORIES};
use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission};

pub(super) const READ: Permission = Permission::new("ecr:DescribeImageScanFindings", REPOSITORIES);

/// The permissions that ECR needs to read the findings of an enhanced scan.
pub(super) const CALLED_BY_ECR: [Permission; 2] = [
    called_by_ecr("inspector2:ListCoverage"),
    called_by_ecr("inspector2:ListFindings"),
];

/// Returns a permission for a call that ECR makes on the caller's behalf.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html>.
const fn called_by_ecr(action: &'static str) -> Permission {
    Permission {
        by_service: Some(
            "ECR calls Inspector on the caller's behalf to read the findings of an enhanced scan.",
        ),
        ..Permission::new(action, &[Arns::Any])
    }
}

impl Reader<'_> {
    /// Reads a scan with all of its findings. If that fails, the returned state shows whether the image is gone.
    pub(super) async fn scan(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<ReadScan, Box<State>> {
        let call = self.ecr_call(&READ, format!("image {repository}/{digest}"));
        let call = call.absent(IMAGE_ABSENT);
        let request = self.clients.ecr.describe_image_scan_findings();
        let request = request.repository_name(repository).max_results(PAGE);
        let request = request.image_id(identifier(digest));
        let (epss, mut pages) = (Epss::default(), ScanPages::default());
        let read = call.pages(
            |token| {
                let page = request.clone().set_next_token(token).customize();
                page.interceptor(epss.clone()).send()
            },
            async |page| {
                pages.add(&page, &epss.take());
                Next::token(page.next_token)
            },
        );
        match read.await {
            Ok(()) => Ok(pages.scan()),
            Err(failure) if failure.has_code("ScanNotFoundException") => {
                Ok(ReadScan::from(Scan::Never))
            }
            Err(failure) => Err(Box::new(failure.into())),
        }
    }
}
