//! What scanning an image brought.

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsError;
use eksentry_aws::Pages;
use eksentry_core::State;
use eksentry_core::facts::image::Scan;

use super::PAGE;
use super::epss::Epss;
use super::images::identifier;
use super::parse::{ReadScan, ScanPages};
use crate::unread::unread;
use crate::{Reader, endless, gone_or_unread};

pub(super) const READ: &str = "ecr:DescribeImageScanFindings";

impl Reader<'_> {
    /// Reads a scan to its last finding. Where that fails, the state says whether the image is gone.
    pub(super) async fn scan(
        &self,
        repository: &str,
        digest: &str,
    ) -> Result<ReadScan, Box<State>> {
        let target = format!("image {repository}/{digest}");
        let mut leads = Pages::default();
        let mut pages = ScanPages::default();
        let mut next = None;
        loop {
            let epss = Epss::default();
            let call = self
                .clients
                .ecr
                .describe_image_scan_findings()
                .repository_name(repository)
                .image_id(identifier(digest))
                .max_results(PAGE)
                .set_next_token(next)
                .customize()
                .interceptor(epss.clone());
            let page = match self.clients.paces.ecr.call(call.send()).await {
                Ok(page) => page,
                Err(error)
                    if error.as_service_error().is_some_and(
                        DescribeImageScanFindingsError::is_scan_not_found_exception,
                    ) =>
                {
                    return Ok(ReadScan::from(Scan::Never));
                }
                Err(error) => {
                    return Err(Box::new(gone_or_unread(
                        unread(READ, &target, &error),
                        error.as_service_error(),
                        |error| {
                            error.is_image_not_found_exception()
                                || error.is_repository_not_found_exception()
                        },
                    )));
                }
            };
            let led = leads.lead_to(page.next_token());
            led.map_err(|error| Box::new(State::Unread(endless(READ, &target)(error))))?;
            pages.add(&page, &epss.take());
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(pages.scan());
            }
        }
    }
}
