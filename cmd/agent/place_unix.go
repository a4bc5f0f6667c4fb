//go:build !windows

package agent

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// ConfigFile is where the configuration is unless somebody says otherwise.
func ConfigFile() string { return "/etc/lanyard/agent.yaml" }

// stateDir is systemd's choice, or the user's own place for such things.
func stateDir() string {
	if dir := os.Getenv("STATE_DIRECTORY"); dir != "" {
		return dir
	}
	if runtime.GOOS == "linux" {
		if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
			return filepath.Join(dir, "lanyard-agent")
		}
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, ".local/state/lanyard-agent")
		}
	}
	if dir, err := os.UserConfigDir(); err == nil {
		return filepath.Join(dir, "lanyard-agent")
	}
	return ""
}

// lockCommand locks the screen where every system has a program for that; nil: there is none.
func lockCommand() []string {
	if runtime.GOOS == "linux" {
		return []string{"loginctl", "lock-session"}
	}
	return nil
}

// sessionName names this session of the operating system among those of the machine.
func sessionName() string {
	return strconv.Itoa(os.Getuid()) + "\n" + os.Getenv("XDG_SESSION_ID") + "\n" + os.Getenv("SESSIONNAME") + "\n" + os.Getenv("USERNAME")
}
