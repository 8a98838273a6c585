// Package words is every text that a person is given, in each language: on the
// screen, in the headset and on paper. It knows what to say, not when: it calls
// nobody, and is asked by the screen, by speech and by the printer.
//
// # Catalogues
//
// catalogue/TAG.toml holds one language under its BCP 47 tag, keys by screen.
// en-GB is the source: every other catalogue has exactly its keys, each with
// exactly its {placeholders}, and the plural forms that CLDR gives the language
// (go-i18n picks the form). Digits are 0 to 9 everywhere, on the screen as on
// paper. A key KEY_spoken is what the voice says where KEY cannot be spoken as
// it stands.
//
// Two more languages are made from English by the program, for tests and
// pictures: en-XA is accented and two fifths longer, ar-XB runs from right to
// left. Neither is in [Languages].
//
// # Reviews
//
// The words in gu, pa-Guru, pl, ro and ur were written by a program and NO
// HUMAN HAS REVIEWED THEM. reviews/TAG.toml names, for each key, who has read
// the text, when, and the digest of what was read: text and English together,
// so that a review ends when either changes. A language with a text that
// nobody has reviewed is off unless the library switches unreviewed languages
// on; see [Offered]. [ReviewTemplate] writes the file for a reviewer to fill in.
// English is the source and always on.
//
// # Direction
//
// What is filled into a text may run the other way, and then it is put between
// the Unicode isolates FSI and PDI, which do in any text what bdi does in a
// page. [Words.Speak] leaves them out, and [Bare] takes them out.
package words
