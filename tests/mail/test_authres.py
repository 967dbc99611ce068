"""What our own server proved: its verdict is believed, and nothing that looks like it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from daemon.mail import headers
from daemon.mail.message import Evidence, Origin
from daemon.mail.sender import authres, selftest
from daemon.mail.sender.authres import Profile, Trust, believed, read_verdict
from daemon.mail.sender.origin import read_origin
from daemon.mail.sender.selftest import self_test

ID = "mx.ours.example"
PASS = "dkim=pass header.d=listed.example; spf=pass smtp.mailfrom=listed.example; dmarc=pass header.from=listed.example"
FAIL = "dkim=none; spf=fail smtp.mailfrom=evil.example; dmarc=fail header.from=listed.example"
OUTSIDE = f"Received: from helo (out.listed.example [192.0.2.7]) by {ID} (Postfix) with ESMTPS id 1\n"
FROM = "From: ann@listed.example\n"
FORGED_HOP = f"Received: from a ([192.0.2.8]) by {ID} with ESMTP\n"
GENERIC = Trust(authserv_id=ID)


def ar(results: str = PASS, server: str = ID) -> str:
    """An Authentication-Results header."""
    return f"Authentication-Results: {server}; {results}\n"


def evidence(head: str, trust: Trust = GENERIC) -> Evidence:
    """What is proven of the sender of a mail with this header block."""
    return read_origin(headers.fields(head.encode()), trust).evidence


@pytest.mark.parametrize(
    ("results", "proven"),
    [
        (PASS, Evidence.DKIM_ALIGNED),
        (PASS.replace("dkim=pass header.d=listed.example", "dkim=pass header.d=mail.listed.example"), Evidence.DKIM_ALIGNED),
        (PASS.replace("header.d=listed.example", "header.i=@listed.example"), Evidence.DKIM_ALIGNED),
        ("dkim=fail header.d=listed.example; dkim=pass header.d=listed.example; dmarc=pass header.from=listed.example", Evidence.DKIM_ALIGNED),
        (PASS.replace("header.d=listed.example", "header.d=relay.example"), Evidence.SPF_ONLY),
        ("spf=pass smtp.mailfrom=listed.example; dmarc=pass header.from=listed.example", Evidence.SPF_ONLY),
        (FAIL, Evidence.UNPROVEN),
        (PASS.replace("dmarc=pass", "dmarc=softfail"), Evidence.UNPROVEN),
        (PASS.replace("dmarc=pass", "dmarc=temperror"), Evidence.UNPROVEN),
        (PASS.replace("dmarc=pass", "dmarc=none"), Evidence.UNPROVEN),
        (PASS.replace("; dmarc=pass header.from=listed.example", ""), Evidence.UNPROVEN),
        (PASS.replace("header.from=listed.example", "header.from=evil.example"), Evidence.UNPROVEN),
        (PASS.replace(" header.from=listed.example", ""), Evidence.UNPROVEN),
        (PASS + "; dmarc=pass header.from=listed.example", Evidence.UNPROVEN),
        (FAIL + "; arc=pass", Evidence.UNPROVEN),
        ("none", Evidence.UNPROVEN),
    ],
)  # fmt: skip
def test_rows_1_15_21_what_counts_as_proof(results, proven):
    """Rows 1, 15, 21: DMARC must pass for the From domain; SPF alone is less; ARC is nothing; two verdicts are none."""
    assert evidence(ar(results) + OUTSIDE + FROM) is proven


def test_row_14_a_subdomain_proves_itself_alone():
    """Row 14: a pass for listed.example says nothing of x.listed.example or listed.example.evil.example."""
    for sender in ("ann@x.listed.example", "ann@listed.example.evil.example"):
        assert evidence(ar() + OUTSIDE + f"From: {sender}\n") is Evidence.UNPROVEN


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(ar(FAIL) + OUTSIDE + ar() + FROM, id="row 2: below the real one"),
        pytest.param(ar(FAIL) + OUTSIDE + FORGED_HOP + ar() + FROM, id="row 2: below a forged hop"),
        pytest.param(ar(FAIL) + ar() + OUTSIDE + FROM, id="two of one server in one place"),
        pytest.param(ar() + OUTSIDE + ar(FAIL) + FROM, id="row 2: contradicted below: forged"),
        pytest.param(OUTSIDE + ar() + FROM, id="row 3: our server gave none"),
        pytest.param(OUTSIDE + ar() + FORGED_HOP + FROM, id="row 3: above a forged hop of ours"),
        pytest.param(ar() + FROM, id="no Received at all"),
        pytest.param(ar(server="mx.evil.example") + ar() + OUTSIDE + FROM, id="another server's on top"),
        pytest.param("Authentication-Results : " + ar()[24:] + OUTSIDE + FROM, id="a space before the colon"),
        pytest.param("ARC-" + ar() + OUTSIDE + FROM, id="row 21: ARC's own copy"),
    ],
)
def test_rows_2_3_forged_verdicts(head):
    """Rows 2, 3: only what our server wrote where it writes counts; a contradiction in its name is a forgery."""
    assert evidence(head) is Evidence.UNPROVEN


@pytest.mark.parametrize(
    "said",
    [
        f"from [127.0.0.1] (evil.example [192.0.2.66]) by {ID} (Postfix) with ESMTP",
        f"from [127.0.0.1] (192.0.2.66) by {ID} with ESMTP",
        f"from evil.example ([192.0.2.66] helo=[127.0.0.1]) by {ID} with esmtp (Exim 4.96)",
        f"from [192.0.2.66] (helo=[127.0.0.1]) by {ID} with esmtp (Exim 4.96)",
        f"from unknown (HELO [127.0.0.1]) (192.0.2.66) by {ID} with SMTP",
        f"from filter.ours.example (evil.example [192.0.2.66]) by {ID} (Postfix) with ESMTP",
        f"from filter.ours.example (unknown [192.0.2.66]) by {ID} (Postfix) with ESMTP",
        f"from x.with.LMTP (evil.example [192.0.2.66]) by {ID} (Postfix with LMTP) with ESMTP",
    ],
)
def test_row_3_a_stranger_who_calls_himself_one_of_us(said):
    """Row 3: what the other side says of itself makes no hop ours, so a forged verdict below it stays outside."""
    trust = Trust(authserv_id=ID, own_hops=("filter.ours.example",))
    assert evidence(f"Received: {said}\n" + ar() + FORGED_HOP + FROM, trust) is Evidence.UNPROVEN


@pytest.mark.parametrize(
    "hop",
    [
        f"from {ID} by {ID} with LMTP id 1 (envelope-from <a@b.example>)",
        f"from localhost (localhost [127.0.0.1]) by {ID} (Postfix) with ESMTP id 2",
        f"from localhost ([127.0.0.1] helo=x) by {ID} with esmtp (Exim 4.96)",
        f"from [127.0.0.1] (helo=amavis) by {ID} with esmtp (Exim 4.96)",
        f"from localhost (localhost [IPv6:::1]) by {ID} (Postfix) with ESMTP id 2",
        f"from helo (filter.ours.example [192.0.2.9]) by {ID} (Postfix) with ESMTPS id 3",
        f"by {ID} with LMTP id 4",
    ],
)
def test_our_own_hops_may_stand_above(hop):
    """LMTP, loopback and our listed relays are inside: the verdict may stand below them."""
    trust = Trust(authserv_id=ID, own_hops=("Filter.ours.example",))
    assert evidence(f"Received: {hop}\n" + ar() + OUTSIDE + FROM, trust) is Evidence.DKIM_ALIGNED


def test_separate_filters_of_one_server_are_taken_together():
    """OpenDKIM and OpenDMARC write a header each; a pass of the one below a hop is not added to the other's."""
    dmarc, dkim = ar("dmarc=pass header.from=listed.example"), ar("dkim=pass header.d=listed.example")
    assert evidence(dmarc + dkim + OUTSIDE + FROM) is Evidence.DKIM_ALIGNED
    inner = f"Received: from localhost (localhost [127.0.0.1]) by {ID} with ESMTP\n"
    assert evidence(dkim + inner + dmarc + OUTSIDE + FROM) is Evidence.UNPROVEN


LOOK_ALIKES = [
    "mx.ours.example.evil.example", "xmx.ours.example", "mx-ours.example", "mx.ours.example.", "ours.example", "mx.ours.exampl",
    '"mx.ours.example"', "mx.ours.example 2", "mx.ours.example 1 1", "mx.ours.example/1", "mx.ours.example:1", "mx.ours.example,x",
    "<mx.ours.example>", "[mx.ours.example]", "mx.ours.example x", "(mx.ours.example)", "mx.ours.example(", "mx.ours.example)",
    "mx\\.ours.example", "mx.ours.example=1", "mx.ours.еxample", "mx.ours.example\x00", "mx_ours.example", "mx..ours.example",
    "evil.example mx.ours.example", "(x) evil.example", "mx.ours.example; mx.ours.example", "", "1", "mx.ours.example@evil.example",
]  # fmt: skip


@pytest.mark.parametrize("server", LOOK_ALIKES)
def test_row_4_look_alikes_of_our_server(server):
    """Row 4: whatever is not exactly our server's name is not our server."""
    assert evidence(ar(server=server) + OUTSIDE + FROM) is Evidence.UNPROVEN


@pytest.mark.parametrize("server", ["MX.Ours.Example", f"{ID} 1", f"(by us) {ID} (really)", f"{ID}\n\t"])
def test_row_4_our_server_in_its_legal_forms(server):
    """Row 4: case, version token, comments and folding are what RFC 8601 allows."""
    assert evidence(ar(server=server) + OUTSIDE + FROM) is Evidence.DKIM_ALIGNED


@pytest.mark.parametrize(
    "results",
    [
        "spf=pass smtp.mailfrom=x(.listed.example; dmarc=pass header.from=listed.example",
        "spf=pass smtp.mailfrom=x).listed.example; dmarc=pass header.from=listed.example",
        "spf=none) dkim=fail (; dkim=pass header.d=listed.example; dmarc=pass header.from=listed.example",
        'spf=pass smtp.mailfrom="x; dmarc=pass header.from=listed.example',
        "spf=pass smtp.mailfrom=x\\; dmarc=pass header.from=listed.example",
        "dkim=pass header.d=evil.example header.d=listed.example; dmarc=pass header.from=listed.example",
        "dkim=pass (x header.d=listed.example; dmarc=pass header.from=listed.example",
        "dmarc=pass header.from=listed.example nonsense",
        "dmarc=pass header.from=evil.example(header.from=listed.example",
        "dmarc pass header.from=listed.example",
        "dmarc=pass=fail header.from=listed.example",
        "; ".join(["spf=pass"] * 40) + "; dmarc=pass header.from=listed.example",
    ],
)
def test_rows_5_6_injected_and_unparseable(results):
    """Rows 5, 6 (espoofer A4-A7): brackets, quotes and doubled properties by a sender's envelope leave no verdict."""
    assert read_verdict(believed(headers.fields((ar(results) + OUTSIDE + FROM).encode()), GENERIC)).dmarc == "none"


def test_a_quoted_value_is_a_value():
    """A semicolon or a bracket inside quotes belongs to the value."""
    parsed = authres.parse(f'{ID}; spf=pass smtp.mailfrom="a;(b"; dmarc=pass header.from=listed.example')
    assert parsed is not None
    assert parsed.results[0] == ("spf", "pass", {"smtp.mailfrom": "a;(b"})
    assert parsed.one("dmarc") == ("pass", {"header.from": "listed.example"})


@given(st.text(max_size=200))
def test_row_5_no_text_of_a_sender_proves_anything(text):
    """Row 5: whatever stands in the header in place of the results, our parser neither raises nor passes it."""
    found = read_verdict(believed(headers.fields((ar(text) + OUTSIDE + FROM).encode()), GENERIC))
    assert found.dmarc == "none" or "dmarc" in text.lower()


# Profiles ───────────────────────────────────────────────────────────────────────────────────────────

GOOGLE = Trust(authserv_id="mx.google.com", profile=Profile.GOOGLE)
GOOGLE_TOP = (
    "Delivered-To: a@ours.example\nReceived: by 2002:a05:6a06 with SMTP id x\nX-Received: by 2002:a1\nARC-Seal: i=1\n"
)
GOOGLE_IN = "Received: from mail-wm1-f41.google.com (mail-wm1-f41.google.com. [209.85.128.41]) by mx.google.com with SMTPS id y\n"
GOOGLE_AR = (
    "Received-SPF: pass (google.com: domain of ann@listed.example designates 209.85.128.41 as permitted sender)\n"
    "Authentication-Results: mx.google.com;\n       dkim=pass header.i=@listed.example header.s=s1 header.b=abc/+D=;\n"
    "       spf=pass (google.com: domain of ann@listed.example designates 209.85.128.41 as permitted sender)"
    " smtp.mailfrom=ann@listed.example;\n       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=listed.example\n"
)


def test_google_writes_below_its_received_line():
    """Profile google: the verdict directly below Google's own Received line is Google's."""
    assert evidence(GOOGLE_TOP + GOOGLE_IN + GOOGLE_AR + FROM, GOOGLE) is Evidence.DKIM_ALIGNED


@pytest.mark.parametrize(
    "head",
    [
        GOOGLE_TOP + GOOGLE_IN + "DKIM-Signature: v=1\n" + GOOGLE_AR + FROM,
        GOOGLE_TOP + GOOGLE_IN + "Received: from x by y\n" + GOOGLE_AR + FROM,
        GOOGLE_TOP + GOOGLE_IN.replace("by mx.google.com", "by mx.evil.example") + GOOGLE_AR + FROM,
        GOOGLE_TOP + GOOGLE_AR + FROM,
    ],
)
def test_row_3_a_verdict_elsewhere_is_not_googles(head):
    """Row 3: behind the sender's own fields, another hop, or without Google's Received line it is a forgery."""
    assert evidence(head, GOOGLE) is Evidence.UNPROVEN


M365 = Trust(profile=Profile.M365)
M365_INNER = (
    "Received: from LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM (2603:10a6::1) by CWLP265MB0002.GBRP265.PROD.OUTLOOK.COM"
    " with HTTPS; Mon, 8 Jun 2026 08:12:46 +0000\n"
    "Received: from AM5EUR03FT012.eop-EUR03.prod.protection.outlook.com (2603:10a6::2) by"
    " LO2P265CA0051.outlook.office365.com (2603:10a6::3) with Microsoft SMTP Server\n"
)
M365_AR = (
    "Authentication-Results: spf=pass (sender IP is 40.107.22.1) smtp.mailfrom=listed.example; dkim=pass (signature was"
    " verified) header.d=listed.example;dmarc=pass action=none header.from=listed.example;compauth=pass reason=100\n"
)
M365_IN = (
    "Received: from EUR05-VI1-obe.outbound.protection.outlook.com (40.107.22.1) by"
    " AM5EUR03FT012.mail.protection.outlook.com (10.152.16.105) with Microsoft SMTP Server\n"
)
M365_SENDER = (
    "Received: from DB9PR01.eurprd01.prod.outlook.com (2603:10a6::9) by DB8PR01.eurprd01.prod.outlook.com (2603:10a6::8)"
    " with Microsoft SMTP Server\nauthentication-results: dkim=none (message not signed) header.d=none;dmarc=none"
    " action=none header.from=listed.example;\n"
)


def test_microsoft_to_microsoft():
    """Profile m365: mail of another tenant comes in at Microsoft's edge too, and the other's own remarks are no contradiction."""
    assert evidence(M365_INNER + M365_AR + M365_IN + M365_SENDER + FROM, M365) is Evidence.DKIM_ALIGNED


def test_another_tenant_cannot_speak_for_ours():
    """Row 3: a verdict that stands below Microsoft's edge was written by the sender's side, whoever that is."""
    assert evidence(M365_INNER + M365_IN + M365_AR + M365_SENDER + FROM, M365) is Evidence.UNPROVEN
    assert evidence(M365_INNER + M365_AR + M365_SENDER + FROM, M365) is Evidence.UNPROVEN
    assert evidence(M365_AR + OUTSIDE + FROM, M365) is Evidence.UNPROVEN


def test_row_5_a_verdict_without_id_counts_for_microsoft_alone():
    """Row 5: the form without a server id is nothing in any other profile."""
    assert evidence(M365_AR + OUTSIDE + FROM) is Evidence.UNPROVEN


@pytest.mark.parametrize("profile", list(Profile))
def test_the_self_test_agrees(profile):
    """The forgeries that are tried at every start are all refused, and the genuine verdict is believed."""
    assert self_test(Trust(authserv_id=ID, profile=profile)) == ()


def test_nothing_is_believed_without_configuration():
    """With no authserv_id there is no verdict, and the note says why."""
    found = read_verdict(believed(headers.fields((ar() + OUTSIDE + FROM).encode()), Trust()))
    assert (found.dmarc, found.note) == ("none", "no authserv_id is configured")


# Users of our own ───────────────────────────────────────────────────────────────────────────────────

LOGIN = "auth=pass smtp.auth=jo@ours.example"
FROM_JO = "From: Jo <jo@ours.example>\n"
SUBMITTED = f"Received: from laptop (client.example [192.0.2.30]) by {ID} (Postfix) with ESMTPSA id 1\n"


def internal(head: str, trust: Trust = GENERIC) -> str:
    """How our own server vouches for the writer of a mail with this header block."""
    return read_origin(headers.fields(head.encode()), trust).internal


@pytest.mark.parametrize(
    ("results", "vouched"),
    [
        (LOGIN, True),
        ("auth=pass (login) smtp.auth=Jo@Ours.Example; spf=none", True),
        ("auth=pass smtp.mailfrom=jo@ours.example", True),
        ("auth=pass smtp.auth=eve@ours.example smtp.mailfrom=jo@ours.example", False),
        ("auth=pass smtp.auth=jo", False),
        ("auth=pass", False),
        ("auth=fail smtp.auth=jo@ours.example", False),
        ("auth=none", False),
        (f"{LOGIN}; auth=pass smtp.auth=eve@ours.example", False),
        (f"{LOGIN}; auth=fail smtp.auth=jo@ours.example", False),
        ("dmarc=pass header.from=ours.example", False),
    ],
)
def test_row_35_a_login_counts_for_its_own_address(results, vouched):
    """Row 35: `auth=pass` of our own server counts where the login is just the From address (RFC 8601 2.7.4)."""
    assert bool(internal(ar(results) + SUBMITTED + FROM_JO)) is vouched


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(ar(FAIL) + SUBMITTED + ar(LOGIN) + FROM_JO, id="below our own"),
        pytest.param(OUTSIDE + ar(LOGIN) + FROM_JO, id="our server gave none"),
        pytest.param(OUTSIDE + FORGED_HOP + ar(LOGIN) + FROM_JO, id="below a forged hop"),
        pytest.param(ar(LOGIN) + FROM_JO, id="no Received at all"),
        pytest.param(ar(LOGIN, "mx.evil.example") + OUTSIDE + FROM_JO, id="another server's"),
        pytest.param(ar(LOGIN) + SUBMITTED + ar("auth=fail smtp.auth=jo@ours.example") + FROM_JO, id="contradicted"),
        pytest.param(ar(LOGIN) + SUBMITTED + FROM_JO + FROM_JO, id="two From fields"),
        pytest.param(ar(LOGIN) + SUBMITTED + "Sender: eve@ours.example\n" + FROM_JO, id="sent for another"),
        pytest.param(ar(LOGIN) + SUBMITTED + "Sender: (nobody)\n" + FROM_JO, id="an odd Sender"),
        pytest.param("X-MS-Exchange-Organization-AuthAs: Internal\n" + SUBMITTED + FROM_JO, id="Microsoft's mark"),
    ],
)
def test_row_35_forged_logins(head):
    """Row 35: a login that our server did not state in its own place, or of an unclear sender, is none."""
    assert internal(head) == ""


def test_a_sender_field_of_the_same_address_is_no_doubt():
    """Some programs name the writer twice."""
    assert internal(ar(LOGIN) + SUBMITTED + "Sender: JO@ours.example\n" + FROM_JO)


def test_google_states_no_logins():
    """Profile google: Gmail writes no `auth=pass`, so whoever does is not Gmail."""
    head = GOOGLE_TOP + GOOGLE_IN + f"Authentication-Results: mx.google.com; {LOGIN}\n" + FROM_JO
    assert internal(head, GOOGLE) == ""


AUTH_AS = "X-MS-Exchange-Organization-AuthAs: Internal\n"
M365_MAPI = (
    "Received: from LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM ([fe80::1]) by LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM"
    " ([fe80::1%5]) with mapi id 15.20.4242.1; Mon, 8 Jun 2026 08:12:44 +0000\n"
)
M365_HOP = (
    "Received: from LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM (2603:10a6::1) by CWLP265MB0002.GBRP265.PROD.OUTLOOK.COM"
    " (2603:10a6::2) with Microsoft SMTP Server; Mon, 8 Jun 2026 08:12:46 +0000\n"
)


def test_microsoft_marks_users_of_our_tenant():
    """Profile m365: what was written in a mailbox of the tenant and never left it bears AuthAs: Internal."""
    assert internal(M365_HOP + M365_MAPI + AUTH_AS + FROM_JO, M365)
    assert internal(AUTH_AS + M365_HOP + M365_MAPI + FROM_JO, M365)


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(M365_INNER + M365_AR + M365_IN + M365_SENDER + AUTH_AS + FROM_JO, id="from another tenant"),
        pytest.param(M365_HOP + M365_IN + M365_MAPI + AUTH_AS + FROM_JO, id="in through the edge"),
        pytest.param(OUTSIDE + M365_MAPI + AUTH_AS + FROM_JO, id="a hop of another server"),
        pytest.param(M365_HOP + AUTH_AS + FROM_JO, id="not written in a mailbox"),
        pytest.param(AUTH_AS + FROM_JO, id="no hop at all"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS + AUTH_AS + FROM_JO, id="two marks"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS + AUTH_AS.replace("Internal", "Anonymous") + FROM_JO, id="two that differ"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS.replace("Internal", "Anonymous") + FROM_JO, id="anonymous"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS.replace(":", " :") + FROM_JO, id="an odd field"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS.replace("Organization", "CrossTenant") + FROM_JO, id="the sender's tenant's"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS + "Sender: eve@ours.example\n" + FROM_JO, id="sent for another"),
        pytest.param(M365_HOP + M365_MAPI + AUTH_AS + FROM_JO + FROM_JO, id="two From fields"),
        pytest.param(M365_HOP.replace("from LO2P265MB0001.GBRP265.PROD.OUTLOOK.COM", "from outlook.com.evil.example") + M365_MAPI + AUTH_AS + FROM_JO, id="a look-alike host"),
        pytest.param("Received: by x.prod.outlook.com with mapi id 1\n" + AUTH_AS + FROM_JO, id="a hop from nowhere"),
        pytest.param(M365_MAPI + AUTH_AS + M365_HOP.replace("by CWLP265MB0002.GBRP265.PROD", "by x.mail.protection") + FROM_JO, id="edge below"),
    ],
)  # fmt: skip
def test_row_35_forged_marks_of_our_tenant(head):
    """Row 35: the mark from outside, doubled, or on a mail sent for another vouches for nobody."""
    assert internal(head, M365) == ""


@pytest.mark.parametrize(("profile", "genuine"), [(Profile.M365, 1), (Profile.GENERIC, 1), (Profile.GOOGLE, 0)])
def test_row_35_the_self_test_tries_forged_marks_too(profile, genuine):
    """What is tried at every start: one true mark of a user where there is such a thing, and five forgeries at least."""
    samples = selftest._login_samples(Trust(authserv_id=ID, profile=profile))
    assert [sample.genuine for sample in samples].count(True) == genuine
    assert [sample.genuine for sample in samples].count(False) >= 5


def test_older_rows_lack_how_the_writer_was_vouched_for():
    """Origins stored before this release are read as vouched for by nobody."""
    adapter = TypeAdapter(Origin)
    origin = read_origin(headers.fields((ar(LOGIN) + SUBMITTED + FROM_JO).encode()), GENERIC)
    assert adapter.validate_json(adapter.dump_json(origin)) == origin
    stored = adapter.dump_python(origin, mode="json")
    del stored["internal"]
    assert adapter.validate_python(stored).internal == ""
