use super::*;
use crate::scene::script::Script;
use crate::scene::testing::trace_of_a_deployment;

fn transcript(language: Language) -> Vec<Caption> {
    let trace = trace_of_a_deployment();
    let script = Script::of(&trace);
    between(&script.pace, &trace, (Time::from_micros(-1), Time::from_secs(1000)), language)
}

#[test]
fn each_beat_of_the_story_has_one_sentence_in_each_language() {
    let trace = trace_of_a_deployment();
    let script = Script::of(&trace);
    let lead = script.pace.beats().iter().filter(|beat| beat.lead).count();
    for language in Language::ALL {
        let captions = transcript(language);
        assert_eq!(captions.len(), lead, "{language:?}");
        for caption in captions {
            assert!(!caption.text.contains("caption-") && !caption.text.contains('{'), "{}", caption.text);
        }
    }
}

#[test]
fn sentences_name_actor_verb_and_object() {
    let ko = transcript(Language::Ko);
    let path = "POST /apis/apps/v1/namespaces/default/deployments → 201";
    assert!(
        ko.iter()
            .any(|c| c.text == format!("kubectl이 API 서버에 디플로이먼트 web을 만들어 달라고 요청했습니다 ({path}).")),
        "{ko:#?}"
    );
    let en = transcript(Language::En);
    assert!(
        en.iter().any(|c| c.text == format!("Request to the API server by kubectl: create Deployment web ({path})."))
    );
}

#[test]
fn announcements_are_merged_to_one_in_a_second_and_a_half() {
    let caption = |text: &str| Caption { at: Time::ZERO, head: 0, text: text.to_owned() };
    let due = [(0.0, caption("a.")), (900.0, caption("b.")), (1400.0, caption("a.")), (1500.0, caption("c."))];
    let said: Vec<_> = merged(&due).into_iter().map(|caption| caption.text).collect();
    assert_eq!(said, ["a. b.", "c."]);
}
