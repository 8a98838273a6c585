// Package disk is the rig of a disk that forgets: bytes of the ledger and of
// the cache are not what was written, and the file system runs full. What the
// kiosk then says must be true, or it must say that it does not know.
package disk
