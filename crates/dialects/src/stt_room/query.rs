//! Paging: `limit` and `offset` in a query.

use std::ops::RangeInclusive;

use serde::Deserialize;
use utoipa::IntoParams;

use crate::kit::Fault;

/// Which part of a list is wanted.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Page {
    /// How many at most.
    #[param(value_type = Option<u32>)]
    pub(crate) limit: Option<String>,
    /// How many to leave out first.
    #[param(value_type = Option<u64>)]
    pub(crate) offset: Option<String>,
}

impl Page {
    /// The two numbers, in range.
    pub(crate) fn read(
        &self,
        default_limit: u32,
        limits: RangeInclusive<u32>,
    ) -> Result<(u32, u64), Fault> {
        let (least, most) = (limits.start(), limits.end());
        let out_of_range = || Fault::Malformed(format!("limit must be {least} to {most}"));
        let limit = match &self.limit {
            None => default_limit,
            Some(text) => text.parse().map_err(|_| out_of_range())?,
        };
        if !limits.contains(&limit) {
            return Err(out_of_range());
        }
        let offset = match &self.offset {
            None => 0,
            // Past what the store can count is past every list.
            Some(text) => text
                .parse::<u64>()
                .map(|offset| offset.min(i64::MAX as u64))
                .map_err(|_| Fault::Malformed("offset must be 0 or more".to_owned()))?,
        };
        Ok((limit, offset))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(limit: Option<&str>, offset: Option<&str>) -> Option<(u32, u64)> {
        let own = |text: Option<&str>| text.map(str::to_owned);
        Page { limit: own(limit), offset: own(offset) }.read(50, 1..=100).ok()
    }

    #[test]
    fn pages_are_in_range() {
        assert_eq!(read(None, None), Some((50, 0)));
        assert_eq!(read(Some("1"), Some("0")), Some((1, 0)));
        assert_eq!(read(Some("100"), Some("18446744073709551615")), Some((100, i64::MAX as u64)));
        for bad in ["0", "101", "-1", "", "ten", "1.5", "4294967297"] {
            assert_eq!(read(Some(bad), None), None, "{bad}");
        }
        for bad in ["-1", "", "x", "18446744073709551616"] {
            assert_eq!(read(None, Some(bad)), None, "{bad}");
        }
    }
}
