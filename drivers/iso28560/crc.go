package iso28560

// CRC is CRC-16/CCITT-FALSE: polynomial 0x1021, start 0xFFFF, most significant
// bit first, no reflection, no final XOR. Over "RFID tag data model" it is
// 0x1AEE (DS-INF 163-1).
func CRC(data []byte) uint16 {
	crc := uint16(0xFFFF)
	for _, b := range data {
		crc ^= uint16(b) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return crc
}

// BlockCRC is the CRC of a basic block: over bytes 0-18 and 21-33, with zeros
// for what a 32-byte tag does not have.
func BlockCRC(block [LongBlock]byte) uint16 {
	covered := make([]byte, 0, LongBlock)
	covered = append(covered, block[:crcAt]...)
	return CRC(append(covered, block[ownerAt:]...))
}

// Reverse turns every block of size bytes round, as the FEIG host protocol
// does (it sends the most significant byte of a block first). A last piece
// shorter than a block is turned round by itself. Reversing twice changes nothing.
func Reverse(data []byte, size int) []byte {
	out := make([]byte, len(data))
	for at := 0; at < len(data); at += size {
		end := min(at+size, len(data))
		for i := at; i < end; i++ {
			out[i] = data[end-1-(i-at)]
		}
	}
	return out
}
