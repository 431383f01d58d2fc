//! Dates of the Gregorian calendar, also before its time, as microseconds since 1970 and back.
//!
//! Days are counted in eras of 400 years that start in March, so that the leap day comes last.

use std::fmt;

const DAY_US: i64 = 86_400_000_000;
const ERA_DAYS: i64 = 146_097;
const EPOCH_FROM_ERA_START: i64 = 719_468;

/// A date with the time of day, without a zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Civil {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) clock: Clock,
}

/// A time of day; starts at midnight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Clock {
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) microsecond: u32,
}

impl Civil {
    /// Always with the time of day and six digits of its fraction.
    pub(crate) fn write_us(self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clock = self.clock;
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        write!(
            out,
            "T{:02}:{:02}:{:02}",
            clock.hour, clock.minute, clock.second
        )?;
        write!(out, ".{:06}Z", clock.microsecond)
    }

    /// The time at a place that is so many minutes ahead of UTC; nothing if the calendar or the
    /// day has no such time, or if its year in UTC does not have four digits.
    pub(crate) fn to_us(self, zone_minutes: i64) -> Option<i64> {
        let is_day = (1..=12).contains(&self.month) && (1..=self.month_days()).contains(&self.day);
        if !is_day || !self.clock.is_real() {
            return None;
        }
        let time_us = self.days() * DAY_US + self.clock.us() - zone_minutes * 60_000_000;
        (0..=9999)
            .contains(&Self::from_us(time_us).year)
            .then_some(time_us)
    }

    /// The date in UTC.
    pub(crate) fn from_us(time_us: i64) -> Self {
        let from_era_start = time_us.div_euclid(DAY_US) + EPOCH_FROM_ERA_START;
        let era_day = from_era_start.rem_euclid(ERA_DAYS);
        let era_year = (era_day - era_day / 1460 + era_day / 36_524 - era_day / 146_096) / 365;
        let year_day = era_day - (365 * era_year + era_year / 4 - era_year / 100);
        let month_from_march = (5 * year_day + 2) / 153;
        let day = year_day - (153 * month_from_march + 2) / 5 + 1;
        let month = (month_from_march + 2) % 12 + 1;
        let year = era_year + from_era_start.div_euclid(ERA_DAYS) * 400 + i64::from(month <= 2);
        Self {
            year,
            month: small(month),
            day: small(day),
            clock: Clock::from_us(time_us.rem_euclid(DAY_US)),
        }
    }

    /// Days since 1970.
    fn days(self) -> i64 {
        let month = i64::from(self.month);
        let march_year = self.year - i64::from(month <= 2);
        let era_year = march_year.rem_euclid(400);
        let year_day = (153 * ((month + 9) % 12) + 2) / 5 + i64::from(self.day) - 1;
        let era_day = era_year * 365 + era_year / 4 - era_year / 100 + year_day;
        march_year.div_euclid(400) * ERA_DAYS + era_day - EPOCH_FROM_ERA_START
    }

    fn month_days(self) -> u32 {
        let is_leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        match self.month {
            2 => 28 + u32::from(is_leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }
}

impl Clock {
    fn is_real(self) -> bool {
        self.hour < 24 && self.minute < 60 && self.second < 60
    }

    fn us(self) -> i64 {
        let seconds = (self.hour * 60 + self.minute) * 60 + self.second;
        i64::from(seconds) * 1_000_000 + i64::from(self.microsecond)
    }

    fn from_us(day_us: i64) -> Self {
        let seconds = day_us / 1_000_000;
        Self {
            hour: small(seconds / 3600),
            minute: small(seconds / 60 % 60),
            second: small(seconds % 60),
            microsecond: small(day_us % 1_000_000),
        }
    }
}

fn small(number: i64) -> u32 {
    u32::try_from(number).expect("parts of a date are not negative and below a million")
}

/// The shortest form a query can have: the time of day only when it is not midnight, its fraction
/// only when there is one.
impl fmt::Display for Civil {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:04}-{:02}-{:02}", self.year, self.month, self.day)?;
        let Clock {
            hour,
            minute,
            second,
            microsecond,
        } = self.clock;
        if self.clock != Clock::default() {
            write!(out, "T{hour:02}:{minute:02}:{second:02}")?;
        }
        match microsecond {
            0 => {}
            _ if microsecond % 1000 == 0 => write!(out, ".{:03}", microsecond / 1000)?,
            _ => write!(out, ".{microsecond:06}")?,
        }
        out.write_str("Z")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(year: i64, month: u32, day: u32) -> Civil {
        Civil {
            year,
            month,
            day,
            clock: Clock::default(),
        }
    }

    #[test]
    fn known_days_have_known_numbers() {
        for (date, days) in [
            (day(1970, 1, 1), 0),
            (day(1969, 12, 31), -1),
            (day(2000, 2, 29), 11_016),
            (day(2000, 3, 1), 11_017),
            (day(0, 3, 1), -719_468),
            (day(9999, 12, 31), 2_932_896),
        ] {
            assert_eq!(date.to_us(0), Some(days * DAY_US), "{date}");
        }
    }

    #[test]
    fn every_day_of_ten_thousand_years_follows_the_one_before() {
        let mut next = day(0, 1, 1).to_us(0).unwrap();
        for year in 0..=9999 {
            for month in 1..=12 {
                for number in 1..=day(year, month, 1).month_days() {
                    let date = day(year, month, number);
                    assert_eq!(date.to_us(0), Some(next));
                    assert_eq!(Civil::from_us(next), date);
                    next += DAY_US;
                }
            }
        }
    }

    #[test]
    fn impossible_times_are_refused() {
        for date in [
            day(2021, 2, 29),
            day(1900, 2, 29),
            day(2021, 0, 1),
            day(2021, 13, 1),
        ] {
            assert_eq!(date.to_us(0), None, "{date}");
        }
        assert_eq!(day(2021, 1, 0).to_us(0), None);
        assert_eq!(day(0, 1, 1).to_us(1), None);
        assert_eq!(day(0, 1, 1).to_us(-1), Some(-62_167_219_140_000_000));
        let last = Clock {
            hour: 23,
            minute: 59,
            second: 59,
            microsecond: 0,
        };
        assert_eq!(
            Civil {
                clock: last,
                ..day(9999, 12, 31)
            }
            .to_us(-1),
            None
        );
        let leap_second = Clock { second: 60, ..last };
        assert_eq!(
            Civil {
                clock: leap_second,
                ..day(2016, 12, 31)
            }
            .to_us(0),
            None
        );
    }

    #[test]
    fn any_time_has_a_date() {
        for time_us in [i64::MIN, i64::MAX] {
            assert!(Civil::from_us(time_us).month <= 12);
        }
    }
}
