//! Who gets how much of a receiver's bandwidth. Pure arithmetic: `router/budget.rs` asks it whenever
//! something has changed.
//!
//! Screens come before cameras, then the larger picture, then who was heard last. In that order everybody
//! gets the smallest layer before anybody gets more; a picture whose smallest does not fit is paused, only
//! the first may take somewhat more than there seems to be. Then
//! screens are made as sharp as they are wanted, then cameras, a step each in turn. What is held is given
//! up only when it does not fit and the path is not steady; more is taken only with room to spare, and not soon after something had
//! to be given up, or a picture would flap between two layers.

use std::cmp::Reverse;
use std::time::{Duration, Instant};

use crate::layer::Entry;
use crate::picture::Size;

/// More is taken if this many hundredths of its cost are there.
const ROOM_TO_RISE: u64 = 115;
/// Nothing rises for so long after something was lowered.
const RISE_AFTER: Duration = Duration::from_secs(3);
/// What is held is kept for so long while at least so many hundredths of it are there. An estimate falls to
/// somewhat less than what is being sent at each sign of delay, a keyframe's among them, and comes back by
/// itself; following it down would make it fall further.
const PATIENCE: Duration = Duration::from_secs(2);
const PATIENT_FROM: u64 = 80;
/// Of an estimate this many hundredths are given out: resends and feedback need some.
const GIVEN_OUT: u64 = 95;
/// The first picture is sent if its smallest layer takes no more than this many times what there is. An
/// estimate errs where packets are lost for other reasons than want of bandwidth, and one picture with
/// holes is better than none; much more would drown the voices.
const FIRST_STRETCHES: u64 = 3;
/// What a voice takes, with its headers.
const VOICE_BPS: u64 = 48_000;
/// A receiver that cannot tell how much arrives (no transport-wide feedback) gets this much.
const UNMEASURED_BPS: u64 = 4_000_000;
/// What is aimed at beyond what is wanted, so that there is room to rise.
const AIM: u64 = 130;
/// So much is aimed at even if no picture is wanted as large as it could be: the library takes what it has
/// last probed for as all that there is, and it would have to be found out anew when a picture is enlarged.
const AIMED_AT_ANYWAY_BPS: u64 = 4_000_000;
/// And so much even if it is not known yet what the pictures take.
const AIM_MIN_BPS: u64 = 2_000_000;
/// But no more than so many times the estimate: what is aimed at is probed for, in a burst that queues up
/// in front of voices where there is less.
const AIMED_TIMES: u64 = 2;
/// While somebody is sent less than wanted it is looked so often whether there is more by now. More often
/// would disturb a path that has no more, less often would leave a picture small that need not be.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// What a section was given before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It has just been filled.
    New,
    /// Nothing: it did not fit.
    Paused,
    /// The layer at this place of its source's table.
    Layer(u8),
}

/// A picture that a section is to show.
#[derive(Clone, Debug)]
pub(crate) struct Demand {
    pub screen: bool,
    /// How large it is shown. `None`: not said, as large as there is.
    pub wanted: Option<Size>,
    /// When its sender was last heard.
    pub heard_at: Option<Instant>,
    /// The layers that flow with their places, from the smallest.
    pub layers: Vec<(u8, Entry)>,
    pub held: Held,
}

impl Demand {
    /// The smallest layer that is large enough, as an index; the largest if none is.
    fn enough(&self) -> usize {
        let last = self.layers.len().saturating_sub(1);
        let Some(wanted) = self.wanted else { return last };
        let covers = |(_, entry): &(u8, Entry)| entry.size.is_some_and(|it| it.covers(wanted));
        self.layers.iter().position(covers).unwrap_or(last)
    }

    fn cost_bps(&self, at: usize) -> u64 {
        self.layers.get(at).map_or(0, |(_, entry)| entry.cost_bps())
    }

    fn held_at(&self) -> Option<usize> {
        let Held::Layer(place) = self.held else { return None };
        self.layers.iter().position(|(at, _)| *at == place)
    }

    /// Whether a layer is more than what it has.
    fn rises(&self, at: usize) -> bool {
        match self.held {
            Held::New => at > 0,
            Held::Paused => true,
            Held::Layer(_) => self.held_at().is_none_or(|held| at > held),
        }
    }
}

/// What a receiver's connection bears, and what was done about it.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    /// As measured, in bits per second.
    pub estimate_bps: Option<u64>,
    /// Nothing of what is sent queues up, and not much is lost.
    pub steady: bool,
    lowered_at: Option<Instant>,
    /// Since when what is held is more than there is.
    short_since: Option<Instant>,
    /// Since when somebody is sent less than wanted, or the path was last looked at because of that.
    looked_at: Option<Instant>,
    /// When it is worth looking again.
    pub due_at: Option<Instant>,
    /// What the connection has been told to aim at.
    pub aim_bps: u64,
}

/// Who gets what.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// For each demand an index into its layers; `None`: paused.
    pub given: Vec<Option<usize>>,
    /// What would be needed for everything that is wanted, with room to rise to it.
    pub aim_bps: u64,
    /// What is given takes so much, with the voices.
    pub given_bps: u64,
    /// It is time to find out whether there is more by now.
    pub looks: bool,
}

impl Budget {
    /// What there is for pictures beside so many voices.
    pub fn for_pictures_bps(&self, voices: usize) -> u64 {
        let all = self.estimate_bps.map_or(UNMEASURED_BPS, |bps| bps / 100 * GIVEN_OUT);
        all.saturating_sub(voices as u64 * VOICE_BPS)
    }

    /// The same, or a little more, to keep what is held over a short lack.
    fn bearable_bps(&mut self, voices: usize, demands: &[Demand], now: Instant) -> u64 {
        let there = self.for_pictures_bps(voices);
        let held = |demand: &Demand| {
            let kept = demand.held_at()?.min(demand.enough());
            Some(demand.cost_bps(kept))
        };
        let held: u64 = demands.iter().filter_map(held).sum();
        if held <= there {
            self.short_since = None;
            return there;
        }
        if self.steady {
            self.short_since = None;
            return held;
        }
        let since = *self.short_since.get_or_insert(now);
        let patient = held / 100 * PATIENT_FROM <= there && now < since + PATIENCE;
        if patient { held } else { there }
    }

    /// Shares it out.
    pub fn share(&mut self, voices: usize, demands: &[Demand], now: Instant) -> Plan {
        let settled = self.lowered_at.is_none_or(|at| now >= at + RISE_AFTER);
        let mut round = Round {
            demands,
            left_bps: self.bearable_bps(voices, demands, now),
            given: vec![None; demands.len()],
            may_rise: settled,
            held_back: false,
        };
        let mut order: Vec<usize> = (0..demands.len()).collect();
        order.sort_by_key(|&at| {
            let demand = &demands[at];
            let area = demand.wanted.map_or(u32::MAX, Size::area);
            Reverse((demand.screen, area, demand.heard_at))
        });
        for (nth, &at) in order.iter().enumerate() {
            let stretches = nth == 0 && demands[at].cost_bps(0) <= round.left_bps * FIRST_STRETCHES;
            if !round.raise(at, 0) && stretches && !demands[at].layers.is_empty() {
                (round.given[at], round.left_bps) = (Some(0), 0);
            }
        }
        for &at in order.iter().filter(|at| demands[**at].screen) {
            while round.step(at) {}
        }
        let mut more = true;
        while more {
            more = false;
            for &at in &order {
                more |= round.step(at);
            }
        }
        let Round { given, held_back, .. } = round;
        let lowered = demands.iter().zip(&given).any(|(demand, given)| {
            let wants = demand.held_at().map(|held| held.min(demand.enough()));
            wants.is_some_and(|wants| given.is_none_or(|given| given < wants))
        });
        if lowered {
            self.lowered_at = Some(now);
        }
        let rises = self.lowered_at.filter(|_| held_back || lowered).map(|at| at + RISE_AFTER);
        let patient = self.short_since.map(|at| at + PATIENCE);
        let (looks, look) = self.look(demands, &given, now);
        self.due_at = [rises, patient, look].into_iter().flatten().filter(|at| *at > now).min();
        let sum = |at: fn(&Demand) -> usize| {
            let cost: u64 = demands.iter().map(|it| it.cost_bps(at(it))).sum();
            (cost + voices as u64 * VOICE_BPS) * AIM / 100
        };
        let most = sum(|demand| demand.layers.len().saturating_sub(1));
        let aim_bps = match demands.is_empty() {
            true => 0,
            false => sum(Demand::enough).max(most.clamp(AIM_MIN_BPS, AIMED_AT_ANYWAY_BPS)),
        };
        let aim_bps = self.estimate_bps.map_or(aim_bps, |bps| aim_bps.min(bps * AIMED_TIMES));
        let costs = demands.iter().zip(&given).filter_map(|(it, at)| Some(it.cost_bps((*at)?)));
        let given_bps = costs.sum::<u64>() + voices as u64 * VOICE_BPS;
        Plan { given, aim_bps, given_bps, looks }
    }

    /// Whether to look now for more, and when to.
    fn look(
        &mut self,
        demands: &[Demand],
        given: &[Option<usize>],
        now: Instant,
    ) -> (bool, Option<Instant>) {
        let mut wanting = demands.iter().zip(given);
        let short = wanting.any(|(demand, given)| given.is_none_or(|at| at < demand.enough()));
        if !short || self.estimate_bps.is_none() {
            self.looked_at = None;
            return (false, None);
        }
        let looked_at = *self.looked_at.get_or_insert(now);
        let since = self.lowered_at.map_or(looked_at, |at| at.max(looked_at));
        let looks = self.steady && now >= since + LOOK_EVERY;
        if looks {
            self.looked_at = Some(now);
        }
        // When the path turns steady, what there is is shared out anew anyway.
        let last = if looks { now } else { since };
        (looks, self.steady.then_some(last + LOOK_EVERY))
    }
}

struct Round<'a> {
    demands: &'a [Demand],
    left_bps: u64,
    given: Vec<Option<usize>>,
    may_rise: bool,
    /// Something would have fitted, but it is too soon.
    held_back: bool,
}

impl Round<'_> {
    /// One layer more for a demand, if it wants and gets it.
    fn step(&mut self, at: usize) -> bool {
        let Some(given) = self.given[at] else { return false };
        given < self.demands[at].enough() && self.raise(at, given + 1)
    }

    fn raise(&mut self, at: usize, to: usize) -> bool {
        let demand = &self.demands[at];
        if to >= demand.layers.len() {
            return false;
        }
        let before = self.given[at].map_or(0, |given| demand.cost_bps(given));
        let cost = demand.cost_bps(to);
        let rises = demand.rises(to);
        let needed = if rises { cost * ROOM_TO_RISE / 100 } else { cost };
        if needed.saturating_sub(before) > self.left_bps {
            return false;
        }
        if rises && demand.held != Held::New && !self.may_rise {
            self.held_back = true;
            return false;
        }
        self.left_bps = (self.left_bps + before).saturating_sub(cost);
        self.given[at] = Some(to);
        true
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entry(height: u16, kbps: u32) -> Entry {
        let size = Size { width: height / 9 * 16, height };
        Entry { stream: 0, spatial: 0, rid: None, size: Some(size), bps: kbps * 1000, flows: true }
    }

    fn camera(height: u16, held: Held) -> Demand {
        let layers = vec![(0, entry(180, 150)), (1, entry(360, 500)), (2, entry(720, 1700))];
        let wanted = Some(Size { width: height / 9 * 16, height });
        Demand { screen: false, wanted, heard_at: None, layers, held }
    }

    fn screen(held: Held) -> Demand {
        let layers = vec![(0, entry(540, 400)), (1, entry(1080, 2000))];
        Demand { screen: true, wanted: None, heard_at: None, layers, held }
    }

    fn share(kbps: u64, demands: &[Demand]) -> Vec<Option<usize>> {
        let mut budget = Budget { estimate_bps: Some(kbps * 1000), ..Budget::default() };
        budget.share(0, demands, Instant::now()).given
    }

    #[test]
    fn the_smallest_that_is_large_enough_is_given() {
        for (height, given) in [(90, 0), (180, 0), (270, 1), (360, 1), (450, 2), (2160, 2)] {
            assert_eq!(share(50_000, &[camera(height, Held::New)]), [Some(given)], "{height}");
        }
        assert_eq!(share(50_000, &[Demand { wanted: None, ..camera(9, Held::New) }]), [Some(2)]);
    }

    #[test]
    fn everybody_gets_something_before_anybody_gets_more() {
        let three = [camera(720, Held::New), camera(360, Held::New), camera(180, Held::New)];
        assert_eq!(share(200, &three), [Some(0), None, None], "the largest first");
        assert_eq!(share(400, &three), [Some(0), Some(0), None]);
        assert_eq!(share(600, &three), [Some(0); 3]);
        assert_eq!(share(1000, &three), [Some(1), Some(0), Some(0)]);
        assert_eq!(share(1500, &three), [Some(1), Some(1), Some(0)]);
        assert_eq!(share(2800, &three), [Some(2), Some(1), Some(0)]);
    }

    #[test]
    fn a_screen_is_made_sharp_first() {
        let both = [camera(720, Held::New), screen(Held::New)];
        assert_eq!(
            share(120, &both),
            [None, None],
            "the screen does not fit at all, the camera too"
        );
        assert_eq!(share(160, &both), [None, Some(0)], "one is sent though it is more");
        assert_eq!(share(450, &both), [None, Some(0)]);
        assert_eq!(share(1200, &both), [Some(1), Some(0)]);
        assert_eq!(share(2700, &both), [Some(0), Some(1)]);
        assert_eq!(share(5000, &both), [Some(2), Some(1)]);
    }

    #[test]
    fn more_needs_room_and_time_and_what_is_held_neither() {
        let (start, mut budget) = (Instant::now(), Budget::default());
        let mut share = |kbps: u64, held, ms| {
            budget.estimate_bps = Some(kbps * 1000);
            let demands = [camera(720, held)];
            let given = budget.share(0, &demands, start + Duration::from_millis(ms)).given[0];
            (given, budget.due_at.is_some())
        };
        assert_eq!(share(550, Held::Layer(1), 0), (Some(1), false), "500 of 522");
        assert_eq!(share(450, Held::Layer(1), 100), (Some(1), true), "for a while");
        assert_eq!(share(550, Held::Layer(1), 1000), (Some(1), false));
        assert_eq!(share(450, Held::Layer(1), 2200), (Some(1), true));
        assert_eq!(share(450, Held::Layer(1), 4200), (Some(0), true), "for too long");
        assert_eq!(share(900, Held::Layer(0), 5000), (Some(0), true), "too soon");
        assert_eq!(share(550, Held::Layer(0), 7300), (Some(0), false), "too little");
        assert_eq!(share(900, Held::Layer(0), 7400), (Some(1), false));
        assert_eq!(share(100, Held::Layer(1), 8000), (Some(0), true), "more than there is");
        assert_eq!(share(40, Held::Layer(0), 9000), (None, true));
        assert_eq!(share(900, Held::Paused, 12_100), (Some(1), false));
    }

    #[test]
    fn on_a_steady_path_nothing_is_given_up_and_it_is_looked_for_more() {
        let (start, mut budget) = (Instant::now(), Budget::default());
        let mut share = |kbps: u64, steady, held, ms| {
            (budget.estimate_bps, budget.steady) = (Some(kbps * 1000), steady);
            let plan = budget.share(0, &[camera(720, held)], start + Duration::from_millis(ms));
            (plan.given[0], plan.looks)
        };
        assert_eq!(share(20, true, Held::Layer(1), 0), (Some(1), false));
        assert_eq!(share(20, true, Held::Layer(1), 2999), (Some(1), false));
        assert_eq!(share(20, true, Held::Layer(1), 3000), (Some(1), true));
        assert_eq!(share(20, true, Held::Layer(1), 5999), (Some(1), false));
        assert_eq!(share(20, true, Held::Layer(1), 6000), (Some(1), true));
        assert_eq!(share(20, false, Held::Layer(1), 9000), (None, false), "something queues up");
        assert_eq!(share(20, true, Held::Paused, 9100), (None, false));
        assert_eq!(share(20, true, Held::Paused, 12_000), (None, true));
        assert_eq!(share(5000, true, Held::Paused, 12_100), (Some(2), false));
        assert_eq!(share(5000, true, Held::Layer(2), 20_000), (Some(2), false), "all is wanted");
    }

    #[test]
    fn no_more_is_aimed_at_than_twice_what_there_is() {
        let aim = |estimate_bps| {
            let mut budget = Budget { estimate_bps, ..Budget::default() };
            let plan = budget.share(1, &[camera(720, Held::Layer(0))], Instant::now());
            (plan.aim_bps, plan.given_bps)
        };
        assert_eq!(aim(Some(300_000)), (600_000, 150_000 + VOICE_BPS));
        assert_eq!(aim(None).0, (1_700_000 + VOICE_BPS) * AIM / 100);
    }

    #[test]
    fn who_was_heard_last_comes_first_among_equals() {
        let now = Instant::now();
        let heard = |secs| Some(now + Duration::from_secs(secs));
        let of = |heard_at| Demand { heard_at, ..camera(360, Held::New) };
        assert_eq!(share(200, &[of(heard(1)), of(heard(2)), of(None)]), [None, Some(0), None]);
    }

    #[test]
    fn voices_come_off_first_and_an_unmeasured_receiver_gets_a_fixed_share() {
        let budget = Budget { estimate_bps: Some(1_000_000), ..Budget::default() };
        assert_eq!(budget.for_pictures_bps(5), 950_000 - 5 * 48_000);
        assert_eq!(Budget::default().for_pictures_bps(0), UNMEASURED_BPS);
    }

    proptest! {
        #[test]
        fn never_more_than_there_is_nor_than_is_wanted(
            kbps in 0..6000_u64,
            heights in proptest::collection::vec((90..1080_u16, any::<bool>(), 0..4_u8), 0..12),
        ) {
            let held = |n| if n == 3 { Held::Paused } else { Held::Layer(n) };
            let demands: Vec<_> = heights.iter().map(|&(height, is_screen, n)| match is_screen {
                true => screen(held(n.min(1))),
                false => camera(height, held(n)),
            }).collect();
            let given = share(kbps, &demands);
            let cost = |(demand, given): (&Demand, &Option<usize>)| given.map_or(0, |at| demand.cost_bps(at));
            let sum: u64 = demands.iter().zip(&given).map(cost).sum();
            let sent = given.iter().flatten().count();
            let stretched = sent == 1 && sum <= kbps * 950 * FIRST_STRETCHES;
            prop_assert!(sum * PATIENT_FROM / 100 <= kbps * 950 || stretched);
            for (demand, given) in demands.iter().zip(&given) {
                prop_assert!(given.is_none_or(|at| at <= demand.enough()));
            }
        }
    }
}
