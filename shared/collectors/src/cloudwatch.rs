//! Amazon CloudWatch: the alarms of a Region.

mod alarms;
mod response;

use eksentry_aws::{Parameters, QueryService, Service, ServiceResult};
use eksentry_core::Fact;
use tokio::sync::OnceCell;

use self::alarms::{ActingAlarms, ListedAlarms};
use self::response::Response;
use crate::Reader;
use crate::call::{Call, Next};
use crate::permission::{Arns, Permission};

/// Amazon CloudWatch and the version of its API.
pub(crate) const SERVICE: QueryService = QueryService {
    service: Service {
        name: "monitoring",
        id: "CloudWatch",
    },
    version: "2010-08-01",
};

/// Composite alarms are listed only with the permission for all resources.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html>.
pub(crate) const DESCRIBE: Permission = Permission::new("cloudwatch:DescribeAlarms", &[Arns::Any]);

/// The types of the alarms that are listed, and the most alarms of a page.
const PARAMETERS: [(&str, &str); 3] = [
    ("AlarmTypes.member.1", "MetricAlarm"),
    ("AlarmTypes.member.2", "CompositeAlarm"),
    ("MaxRecords", "100"),
];

/// The alarms of a Region, if they were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    alarms: OnceCell<ActingAlarms>,
}

impl Reader<'_> {
    /// Returns the name of an alarm that uses a metric and performs an action; `None` if there is none.
    pub(crate) async fn alarm_on_metric(
        &self,
        namespace: &str,
        metric: &str,
    ) -> Fact<Option<String>> {
        let list = || Box::pin(self.list_alarms());
        let alarms = self.cloudwatch.alarms.get_or_init(list).await;
        match (alarms.on(namespace, metric), &alarms.missing) {
            (Some(alarm), _) => Ok(Some(alarm.to_owned())),
            (None, Some(missing)) => Err(missing.clone()),
            (None, None) => Ok(None),
        }
    }

    async fn list_alarms(&self) -> ActingAlarms {
        let target = self.location.to_string();
        let call = Call::new(DESCRIBE.action, &self.clients.paces.cloudwatch, target);
        let mut listed = ListedAlarms::default();
        let mut missing = None;
        let read = call.pages(
            |token| self.alarms_page(token),
            async |response: Response| {
                let page = response.result.unwrap_or_default();
                if page.metric_alarms.is_none() && page.composite_alarms.is_none() {
                    missing = Some(call.no_list());
                }
                let next = page.next_token.clone();
                if let Err(absent) = listed.add(page) {
                    missing = Some(call.without(absent));
                }
                Next::token(next)
            },
        );
        let failure = read.await.err();
        listed.acting(failure.map(Into::into).or(missing))
    }

    async fn alarms_page(&self, token: Option<String>) -> ServiceResult<Response> {
        let parameters = PARAMETERS.into_iter();
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut parameters: Parameters = parameters.collect();
        parameters.extend(token.map(|token| ("NextToken".to_owned(), token)));
        let client = &self.clients.cloudwatch;
        client.call("DescribeAlarms", parameters).await
    }
}
