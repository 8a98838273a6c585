// Package paths walks every path of the intent journal: what an issue or a
// return of one to three tags can come to with up to two crashes, while a
// second kiosk or the staff desk acts on the same item in between.
//
// A small model (model_test.go, ledger_test.go, record_test.go, and the moves in
// moves_test.go, desk_test.go and round_test.go) is searched without a gap and
// held against the laws of laws_test.go. The choices it makes are made again on
// the real ledger, pads, desk, visit, uplink, cache and central, with readers and
// a broker in memory that do as they are told (world_test.go, house_test.go,
// replay_test.go), and both must stand at the same place.
//
// The model has one item, and a borrower who stays with it: in a visit only tags
// are put down that the kiosk waits for. Between two looks at a pad nobody else
// acts, because the tags lie there. What a kiosk does because it cannot know yet
// what others have done is no harm to it: a tag that is quieted in the minutes
// before central's word comes is marked so, and that is all that is excused.
//
// The crash points I0 to I13 and R0 to R11 have their tests by name in
// cmd/internal/torture/powercut: TestCrashPoints runs each of them, their tables
// are in pointlist_test.go, and I12, I13 and R11 are in pointtests_test.go.
package paths
