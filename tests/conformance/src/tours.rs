//! Who plays what when: a lane stays with the languages whose processes it has started, since
//! starting some of them takes longer than a scenario.

use std::collections::VecDeque;

use crate::roster::Entry;

/// What is left to be played, by troupe.
pub(crate) struct Tours<'a>(Vec<Tour<'a>>);

struct Tour<'a> {
    troupe: Troupe<'a>,
    scenarios: VecDeque<usize>,
    lanes: usize,
}

/// They take the places of a scenario in turn.
pub(crate) type Troupe<'a> = [&'a Entry; 2];

/// A scenario to be played, and the tour that it is one of.
#[derive(Clone, Copy)]
pub(crate) struct Stop<'a> {
    pub(crate) scenario: usize,
    pub(crate) troupe: Troupe<'a>,
    tour: usize,
}

impl<'a> Tours<'a> {
    pub(crate) fn new(tours: impl IntoIterator<Item = (Troupe<'a>, Vec<usize>)>) -> Self {
        let tours = tours.into_iter().map(|(troupe, scenarios)| Tour {
            troupe,
            scenarios: scenarios.into(),
            lanes: 0,
        });
        Self(tours.collect())
    }

    /// The next scenario for a lane that has played another before: one of the same tour, or of
    /// the one with the fewest lanes on it, and of several such of one that begins with the same
    /// language.
    pub(crate) fn next(&mut self, before: Option<Stop<'a>>) -> Option<Stop<'a>> {
        if let Some(stop) = before.and_then(|before| self.stop(before.tour)) {
            return Some(stop);
        }
        if let Some(before) = before {
            self.0[before.tour].lanes -= 1;
        }
        let is_new = |tour: &Tour<'_>| {
            before.is_none_or(|before| before.troupe[0].name != tour.troupe[0].name)
        };
        let open = self.0.iter().enumerate();
        let open = open.filter(|(_, tour)| !tour.scenarios.is_empty());
        let (chosen, _) = open.min_by_key(|(_, tour)| (tour.lanes, is_new(tour)))?;
        self.0[chosen].lanes += 1;
        self.stop(chosen)
    }

    fn stop(&mut self, tour: usize) -> Option<Stop<'a>> {
        let troupe = self.0[tour].troupe;
        let scenario = self.0[tour].scenarios.pop_front()?;
        Some(Stop {
            scenario,
            troupe,
            tour,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::roster;

    fn entries(names: &[&str]) -> Vec<Entry> {
        let entry = |name: &&str| {
            format!(
                "[[driver]]\nname = \"{name}\"\npackage = \"p\"\nprogram = \"p\"\n\
                 command = [\"c\"]\npairs = true\n"
            )
        };
        roster::parse(&names.iter().map(entry).collect::<String>()).unwrap()
    }

    fn shown(stop: Option<Stop<'_>>) -> (&str, &str, usize) {
        let stop = stop.unwrap();
        let [one, two] = stop.troupe;
        (&one.name, &two.name, stop.scenario)
    }

    #[test]
    fn a_lane_stays_with_its_troupe_and_then_with_its_first_language() {
        let entries = entries(&["a", "b"]);
        let [a, b] = [&entries[0], &entries[1]];
        let mut tours = Tours::new([
            ([a, a], vec![0, 1]),
            ([b, b], vec![0, 1]),
            ([b, a], vec![1]),
            ([a, b], vec![1]),
        ]);
        let one = tours.next(None);
        assert_eq!(shown(one), ("a", "a", 0));
        let other = tours.next(None);
        assert_eq!(shown(other), ("b", "b", 0));
        let one = tours.next(one);
        assert_eq!(shown(one), ("a", "a", 1));
        let one = tours.next(one);
        assert_eq!(shown(one), ("a", "b", 1));
        let one = tours.next(one);
        assert_eq!(shown(one), ("b", "a", 1));
        let one = tours.next(one);
        assert_eq!(shown(one), ("b", "b", 1));
        assert!(tours.next(one).is_none());
        assert!(tours.next(other).is_none());
    }
}
