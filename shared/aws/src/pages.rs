//! Whether the pages of a list lead on.

/// The pages of one list, as far as they have come. The SDK's paginators end without an error where a page leads to
/// itself, and a list that has ended so would be taken for a whole one.
#[derive(Debug, Default)]
pub struct Pages {
    token: Option<String>,
}

/// A page that leads to itself, or nowhere though there is more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page of the list did not lead to the next one, so not everything was listed")]
pub struct Endless;

impl Pages {
    /// Takes note of the token of the page behind this one.
    ///
    /// # Errors
    ///
    /// When it leads to this very page.
    pub fn lead_to(&mut self, next: Option<&str>) -> Result<(), Endless> {
        let next = next.filter(|token| !token.is_empty());
        if next.is_some() && next == self.token.as_deref() {
            return Err(Endless);
        }
        self.token = next.map(str::to_owned);
        Ok(())
    }

    /// The same of a service that says in so many words whether there is more.
    ///
    /// # Errors
    ///
    /// When it leads to this very page, or there is more but no token of it.
    pub fn lead_on(&mut self, is_truncated: bool, next: Option<&str>) -> Result<(), Endless> {
        if is_truncated && next.is_none_or(str::is_empty) {
            return Err(Endless);
        }
        self.lead_to(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_lead_on_until_one_leads_to_itself() {
        let mut pages = Pages::default();
        for next in [Some("one"), Some("two"), Some("one"), Some(""), None, None] {
            assert_eq!(pages.lead_to(next), Ok(()), "{next:?}");
        }
        assert_eq!(pages.lead_to(Some("three")), Ok(()));
        assert_eq!(pages.lead_to(Some("three")), Err(Endless));
    }

    #[test]
    fn a_page_that_is_not_the_last_has_a_token() {
        for (is_truncated, next, expected) in [
            (true, Some("one"), Ok(())),
            (true, None, Err(Endless)),
            (true, Some(""), Err(Endless)),
            (false, None, Ok(())),
        ] {
            assert_eq!(Pages::default().lead_on(is_truncated, next), expected);
        }
    }
}
