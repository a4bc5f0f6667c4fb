package agent

import (
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/windows"

	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
)

// folder is one of the folders that Windows knows; empty if it does not.
func folder(id *windows.KNOWNFOLDERID, below string) string {
	dir, err := windows.KnownFolderPath(id, 0)
	if err != nil {
		return ""
	}
	return filepath.Join(dir, below)
}

// ConfigFile is where the configuration is unless somebody says otherwise.
func ConfigFile() string { return folder(windows.FOLDERID_ProgramData, `Lanyard\agent.yaml`) }

// stateDir is the user's own place on this machine: a key that roams with its user would be that of another workstation.
func stateDir() string { return folder(windows.FOLDERID_LocalAppData, `Lanyard\Agent`) }

// lockCommand locks the screen.
func lockCommand() []string {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return nil
	}
	return []string{filepath.Join(dir, "rundll32.exe"), "user32.dll,LockWorkStation"}
}

// sessionName names this session of the operating system among those of the machine.
func sessionName() string {
	var session uint32
	if err := windows.ProcessIdToSessionId(uint32(os.Getpid()), &session); err != nil {
		return string(loopback.System{}.Own())
	}
	return string(loopback.System{}.Own()) + "\n" + strconv.FormatUint(uint64(session), 10)
}
