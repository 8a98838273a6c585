package policy

// Types of usage as a 28560-2 byte: ISO 28560-2, OID 5. The high nibble is
// the class, the low one qualifies it. 0 stands for a tag that does not say,
// so plain acquisition (0x00) is not told from it.
const (
	usageNoOfflineIssue  = 0x13
	usageNoOfflineReturn = 0x14
	usageNoOffline       = 0x15 // neither
)

// usageWithdrawn is acquisition (0x01, 0x02) or discarded (0x70 to 0x7F).
func usageWithdrawn(u byte) bool { return u != 0 && u>>4 == 0 || u>>4 == 7 }

// usageReference is an item not for circulation (0x20 to 0x2F).
func usageReference(u byte) bool { return u>>4 == 2 }

// usageCard is a borrower's card (0x80 to 0x8F).
func usageCard(u byte) bool { return u>>4 == 8 }
