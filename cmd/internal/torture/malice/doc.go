// Package malice is what a hostile network, a hostile broker, a web page of
// somebody else, a forged barcode and a thief could try, done to the real
// programs in numbers. It is tests alone.
package malice
