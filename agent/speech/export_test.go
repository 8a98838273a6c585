package speech

// With lets a stand-in play instead of aplay.
func (a *ALSA) With(command string) *ALSA {
	a.command = command
	return a
}

// ReadWAV is what is made of espeak-ng's output.
func ReadWAV(b []byte) ([]byte, Format, error) { return readWAV(b) }

// WAVHeader is what Folder writes first.
func WAVHeader(f Format, n int) []byte { return wavHeader(f, n) }

// Plain is a text as espeak-ng gets it.
func Plain(text string) string { return plain(text) }
