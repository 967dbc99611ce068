"""What our team can say, on one page."""

HELP_TEXT = """\
The first word of the text counts. To see:
  how all stands: STATUS
  one matter: STATUS, EVIDENCE IC-7F3K2Q9D
  what waits: LIST held (open, overdue)
  figures: REPORT; who may what: TEAM
To decide, in a reply to our letter:
  yes: APPROVE, or APPROVE except 3, 7
  no: REJECT removed (or commissioned,
    or not confirmed, or ask again)
  one device: ANSWER device NO-CODE-HELD
To ask others, a row a device or a sheet:
  device and supplier below: REQUEST (NOW)
  nudge: CHASE (SAYING words); more: ESCALATE
  code does not work: REQUEST AGAIN device
  needed no more: WITHDRAW device why
  nobody listed there: REQUEST CONTACT South
Of one matter (a reply needs no reference):
  keep words: NOTE IC-7F3K2Q9D called Ann
  no reminder: WAIT IC-7F3K2Q9D until 24 Dec
  done by hand: CLOSE IC-7F3K2Q9D by phone
  once more: RESEND IC-7F3K2Q9D
  a mail set aside: REPLAY mail 12
To stop and go on: PAUSE/RESUME (codes, NORT)
  a supplier is suspect: INCIDENT NORT
To set:
  with a sheet: CONTACTS, INVENTORY, ADOPT
  SPF will do: WAIVE a@b.example until 24 Dec
  on leave: AWAY me from 24 Dec to 2 Jan
  no working day: HOLIDAY 2027-01-04 New Year
"""
"""What can be said, on one phone screen. No line of it is an order, so that an echo of it orders nothing."""
