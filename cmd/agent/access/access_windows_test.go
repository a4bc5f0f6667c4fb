package access_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/windows"
)

// scratch is t.TempDir, removed file by file: Wine 8 cannot do what os.RemoveAll asks of Windows.
func scratch(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "access")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		var all []string
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			all = append(all, path)
			return err
		})
		for _, path := range slices.Backward(all) {
			if err == nil {
				err = os.Remove(path)
			}
		}
		if err != nil {
			t.Error(err)
		}
	})
	return dir
}

// letEverybody gives every user of the machine a right.
func letEverybody(t *testing.T, path, right string) {
	t.Helper()
	own, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		t.Fatal(err)
	}
	d, err := windows.SecurityDescriptorFromString("D:P(A;;FA;;;SY)(A;;FA;;;" + own.User.Sid.String() + ")(A;;" + map[string]string{"read": "FR", "change": "FRFW"}[right] + ";;;WD)(A;;FA;;;BA)")
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := d.DACL()
	if err != nil {
		t.Fatal(err)
	}
	if err := windows.SetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, windows.DACL_SECURITY_INFORMATION|windows.PROTECTED_DACL_SECURITY_INFORMATION, nil, nil, list, nil); err != nil {
		t.Fatal(err)
	}
}
