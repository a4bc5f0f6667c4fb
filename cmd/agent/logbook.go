package agent

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
)

// Names of the log where there is no standard error, and of the one before it; each is maxLog bytes long at most.
const (
	logFile = "agent.log"
	oldLog  = "agent.log.1"
	maxLog  = 1 << 20
)

// Logbook is a log in a file that is not written without end. One goroutine writes at a time.
type Logbook struct {
	dir  string
	file *os.File
	size int64
}

// OpenLogbook goes on with the log in the user's state directory.
func OpenLogbook() (*Logbook, error) { return openLogbook(stateDir()) }

func openLogbook(dir string) (*Logbook, error) {
	if dir == "" {
		return nil, fs.ErrNotExist
	}
	if err := access.MakeDir(dir); err != nil {
		return nil, err
	}
	l := &Logbook{dir: dir}
	return l, l.open()
}

func (l *Logbook) open() error {
	f, err := os.OpenFile(filepath.Join(l.dir, logFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	l.file, l.size = f, info.Size()
	return nil
}

// Write implements io.Writer.
func (l *Logbook) Write(text []byte) (int, error) {
	if l.size > 0 && l.size+int64(len(text)) > maxLog {
		// Two agents of one user share the file: that the other one turned it over, or still writes to it, is no failure.
		_ = l.file.Close()
		_ = os.Rename(filepath.Join(l.dir, logFile), filepath.Join(l.dir, oldLog))
		if err := l.open(); err != nil {
			return 0, err
		}
	}
	n, err := l.file.Write(text)
	l.size += int64(n)
	return n, err
}
