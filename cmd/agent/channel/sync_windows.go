package channel

// syncDir: NTFS journals its directories.
func syncDir(string) error { return nil }
