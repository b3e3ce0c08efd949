//! The admission table, row by row, against the words it comes from.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, OWEN, SERVER, Who, allow, room_of, voice, with_overrides};
use model::{OverrideTarget, Permissions, UserId};
use room::{Action, Admission, Entry, Listed, ProfileKind, Refusal, Settings, Shown, check, entry};

const BOTH: [bool; 2] = [false, true];
const ALL_SHOWN: [Shown; 3] = [Shown::Nothing, Shown::Wrong, Shown::Right];

fn meeting(open: bool, force_password: bool, force_waiting_room: bool) -> Settings {
    let listed = |who: Who, admin| Listed { user: who.id(), admin };
    let members = vec![listed(ANN, false), listed(BEA, true)];
    let admission = Admission { open, force_password, force_waiting_room, members };
    let created_by = Some(OWEN.id());
    let owner = allow(OverrideTarget::User(OWEN.id()), Permissions::ROOM_OWNER);
    let settings = with_overrides(room_of(ProfileKind::Conference), &[owner]);
    Settings { admission, created_by, has_password: true, ..settings }
}

/// What the page says, in its words: (listed, admin) and what was shown of the password.
fn as_written(settings: &Settings, (listed, admin): (bool, bool), shown: Shown) -> Entry {
    let Admission { open, force_password, force_waiting_room, .. } = settings.admission;
    if open {
        return Entry::In;
    }
    if force_password && shown != Shown::Right {
        return Entry::NeedsPassword;
    }
    if force_waiting_room {
        return if admin { Entry::In } else { Entry::Waits };
    }
    if force_password || listed || admin || shown == Shown::Right {
        return Entry::In;
    }
    Entry::Waits
}

#[test]
fn everyone_comes_in_waits_or_needs_the_password_as_the_table_says() {
    let people =
        [(ANN, (true, false)), (BEA, (true, true)), (CID, (false, false)), (ADA, (false, true))];
    let mut seen = [0; 3];
    for open in BOTH {
        for force_password in BOTH {
            for force_waiting_room in BOTH {
                let settings = meeting(open, force_password, force_waiting_room);
                for (who, standing) in people {
                    for shown in ALL_SHOWN {
                        let want = as_written(&settings, standing, shown);
                        let got = entry(&settings, &who.into(), shown);
                        assert_eq!(got, want, "{settings:?} {} {shown:?}", who.name);
                        seen[got as usize] += 1;
                    }
                }
            }
        }
    }
    assert!(seen.iter().all(|times| *times > 5), "{seen:?}");
}

#[test]
fn a_forced_password_that_was_taken_away_lets_nobody_in() {
    let settings = Settings { has_password: false, ..meeting(false, true, false) };
    for shown in [Shown::Nothing, Shown::Wrong] {
        assert_eq!(entry(&settings, &BEA.into(), shown), Entry::NeedsPassword);
    }
}

#[test]
fn other_rooms_know_only_the_password() {
    for (has_password, shown, want) in [
        (false, Shown::Nothing, Entry::In),
        (true, Shown::Nothing, Entry::NeedsPassword),
        (true, Shown::Wrong, Entry::NeedsPassword),
        (true, Shown::Right, Entry::In),
    ] {
        let admission = meeting(false, true, true).admission;
        let settings = Settings { has_password, admission, ..voice() };
        assert_eq!(entry(&settings, &CID.into(), shown), want);
    }
}

#[test]
fn a_listed_admin_may_what_the_owner_may_and_a_listed_member_may_read() {
    let settings = meeting(false, false, false);
    let may = |who: Who, action| check(&settings, &who.into(), action).is_ok();
    for admin in [BEA, OWEN, ADA] {
        for action in [Action::Admit, Action::MuteMembers, Action::Manage, Action::Kick] {
            assert!(may(admin, action), "{} {action:?}", admin.name);
        }
        assert!(may(admin, Action::ReadAdmission), "{}", admin.name);
    }
    for action in [Action::Admit, Action::MuteMembers, Action::Manage, Action::Kick] {
        assert!(!may(ANN, action), "{action:?}");
    }
    assert!(may(ANN, Action::ReadAdmission));
    assert!(!may(CID, Action::ReadAdmission));
    assert!(check(&settings, &SERVER, Action::ReadAdmission).is_ok());
}

#[test]
fn who_would_have_to_wait_does_not_see_who_is_in() {
    let sees = |settings: &Settings, who: Who, participant| {
        check(settings, &who.into(), Action::SeeMembers { participant })
    };
    let closed = Settings { has_password: false, ..meeting(false, false, false) };
    assert_eq!(sees(&closed, CID, false), Err(Refusal::NotAParticipant));
    assert_eq!(sees(&closed, CID, true), Ok(()));
    assert_eq!(sees(&closed, ANN, false), Ok(()));
    let open = Settings { has_password: false, ..meeting(true, false, false) };
    assert_eq!(sees(&open, CID, false), Ok(()));
    let waits = Settings { has_password: false, ..meeting(false, false, true) };
    assert_eq!(sees(&waits, ANN, false), Err(Refusal::NotAParticipant));
    assert_eq!(sees(&waits, BEA, false), Ok(()));
    let nobody: UserId = CID.id();
    assert!(!closed.admission.is_listed(nobody) && !closed.admission.is_admin(nobody));
}
