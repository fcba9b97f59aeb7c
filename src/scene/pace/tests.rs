use super::*;
use crate::scene::testing::{self, trace_of_a_deployment};

#[test]
fn a_quiet_gap_is_shown_as_the_formula_says() {
    for (gap, shown) in [(0.1, 0.10), (1.0, 0.61), (10.0, 0.95), (50.0, 1.19), (300.0, 1.47), (10_000.0, 1.5)] {
        assert!((quiet(gap) - shown).abs() < 0.006, "{gap}: {}", quiet(gap));
    }
}

#[test]
fn the_map_is_monotone_and_there_and_back_is_the_same_moment() {
    let trace = trace_of_a_deployment();
    let mut pace = Pace::default();
    pace.extend(&trace);
    for speed in [Speed::Adaptive, Speed::Times(0.1), Speed::Times(1000.0)] {
        let mut last = f64::MIN;
        for record in trace.range(0, trace.len()).filter(|record| record.at >= Time::ZERO) {
            let pres = pace.to_pres(record.at, speed);
            assert!(pres >= last, "{speed:?} {:?}", record.id);
            last = pres;
            assert_eq!(pace.to_sim(pres, speed), record.at, "{speed:?} {:?}", record.id);
        }
    }
    let end = pace.to_pres(Time::from_secs(60), Speed::Adaptive);
    let mut last = Time::from_micros(-1);
    let mut pres = 0.0;
    while pres < end {
        let t = pace.to_sim(pres, Speed::Adaptive);
        assert!(t >= last);
        last = t;
        pres += 7.0;
    }
}

#[test]
fn reading_the_trace_in_pieces_gives_the_same_map() {
    let trace = trace_of_a_deployment();
    let mut whole = Pace::default();
    whole.extend(&trace);
    let mut pieces = Pace::default();
    let mut growing = crate::sim::Trace::default();
    for record in trace.range(0, trace.len()) {
        growing.note(record.at, record.cause, record.fact.clone());
        pieces.extend(&growing);
    }
    assert_eq!(whole.instants, pieces.instants);
    assert_eq!(whole.beats, pieces.beats);
    pieces.forget(trace.len() / 2, &trace);
    assert!(pieces.beats.len() < whole.beats.len());
    pieces.extend(&trace);
    assert_eq!(whole.instants, pieces.instants);
}

#[test]
fn every_instant_is_held_for_its_longest_motion_and_steps_visit_all_beats() {
    let trace = trace_of_a_deployment();
    let mut pace = Pace::default();
    pace.extend(&trace);
    for beat in pace.beats().iter().filter(|beat| beat.lead) {
        let end = trace.get(crate::sim::FactId(beat.last)).unwrap();
        let motion = Motion::of(&end.fact).unwrap();
        let next = pace.instants.partition_point(|instant| instant.at <= end.at);
        let held = pace.instants[next - 1].hold_ms * pace.instants[next - 1].tempo;
        assert!(held >= motion.takes_ms - 1e-6, "{beat:?}: {held} < {}", motion.takes_ms);
    }
    let mut t = Time::from_micros(-1);
    let mut visited = Vec::new();
    while let Some(next) = pace.next_beat(t) {
        assert!(next > t);
        visited.push(next);
        t = next;
    }
    let mut back = Vec::new();
    t = Time::from_secs(1_000);
    while let Some(before) = pace.previous_beat(t) {
        back.push(before);
        t = before;
    }
    back.reverse();
    assert_eq!(visited, back);
    assert!(visited.len() > 10);
}

#[test]
fn routine_never_slows_time() {
    let mut trace = crate::sim::Trace::default();
    for second in 0..600 {
        for fact in testing::routine(second) {
            trace.note(Time::from_secs(i64::try_from(second).unwrap()), None, fact);
        }
    }
    let mut pace = Pace::default();
    pace.extend(&trace);
    assert!((pace.to_pres(Time::from_secs(60), Speed::Adaptive) - 60_000.0).abs() < 1e-6);
    assert_eq!(pace.beats(), []);
}

#[test]
fn a_thousand_pods_do_not_take_an_hour() {
    let mut trace = crate::sim::Trace::default();
    for n in 0..25_000u64 {
        let at = Time::from_micros(i64::try_from(n).unwrap() * 900);
        trace.note(at, None, Fact::PodAccepted { node: "node-1".into(), pod: testing::pod("a") });
    }
    let mut pace = Pace::default();
    pace.extend(&trace);
    let minutes = pace.to_pres(Time::from_secs(23), Speed::Adaptive) / 60_000.0;
    assert!(minutes < 5.0, "{minutes}");
}
