package channel

import "io/fs"

// open: file modes say nothing on Windows; the directory's access list protects the key (docs/how-to/roll-out-the-agent.md).
func open(fs.FileInfo) bool { return false }

// syncDir: NTFS journals its directories.
func syncDir(string) error { return nil }
