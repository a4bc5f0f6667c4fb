package access

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"golang.org/x/sys/windows"
)

// MakeDir makes a directory for the user alone, and those above it; one that is there stays as it is. What is made in it is as it is.
func MakeDir(dir string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
		return err
	}
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return err
	}
	list, err := private()
	if err != nil {
		return err
	}
	if err := windows.CreateDirectory(name, list); err != nil && !errors.Is(err, windows.ERROR_ALREADY_EXISTS) {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: err}
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "mkdir", Path: dir, Err: windows.ERROR_DIRECTORY}
	}
	return err
}

// CreateTemp makes a new file for the user alone, with a name that begins with that of path, in the same directory. Its access list
// is there from the beginning: whoever opened it before would keep it open.
func CreateTemp(path string) (*os.File, error) {
	path += "." + rand.Text()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	list, err := private()
	if err != nil {
		return nil, err
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE, 0, list, windows.CREATE_NEW, windows.FILE_ATTRIBUTE_NORMAL, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: path, Err: err}
	}
	return os.NewFile(uintptr(h), path), nil
}

// private is an access list for the user and the system, which inherits nothing and is inherited.
func private() (*windows.SecurityAttributes, error) {
	own, err := self()
	if err != nil {
		return nil, err
	}
	d, err := windows.SecurityDescriptorFromString("D:P(A;OICI;FA;;;" + own.String() + ")(A;OICI;FA;;;SY)")
	if err != nil {
		return nil, err
	}
	return &windows.SecurityAttributes{Length: uint32(unsafe.Sizeof(windows.SecurityAttributes{})), SecurityDescriptor: d}, nil
}

func self() (*windows.SID, error) {
	u, err := windows.GetCurrentProcessToken().GetTokenUser()
	if err != nil {
		return nil, err
	}
	return u.User.Sid, nil
}

// Rights with which a file is read or changed, those of directories among them. To delete a file is to change it.
const (
	reads   = windows.GENERIC_READ | windows.GENERIC_ALL | windows.FILE_READ_DATA
	changes = windows.GENERIC_WRITE | windows.GENERIC_ALL | windows.FILE_WRITE_DATA | windows.FILE_APPEND_DATA | windows.DELETE | windows.WRITE_DAC | windows.WRITE_OWNER
)

// Secret reports whether a file can be read and changed by its user, the system and the administrators alone; the remedy is for
// people.
func Secret(path string) (ok bool, remedy string, err error) {
	d, err := windows.GetNamedSecurityInfo(path, windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return false, "", &fs.PathError{Op: "read the access list of", Path: path, Err: err}
	}
	ok, err = only(d, reads|changes)
	return ok, "icacls FILE /inheritance:r /grant:r %USERNAME%:F", err
}

// Guarded reports whether nobody can change a file but its user, the system and the administrators. Everybody may make new files
// in %ProgramData%: whose the file is says whether an administrator did.
func Guarded(f *os.File) (bool, error) {
	d, err := windows.GetSecurityInfo(windows.Handle(f.Fd()), windows.SE_FILE_OBJECT, asked)
	if err != nil {
		return false, &fs.PathError{Op: "read the access list of", Path: f.Name(), Err: err}
	}
	return only(d, changes)
}

// asked is what is read of a file.
const asked = windows.OWNER_SECURITY_INFORMATION | windows.DACL_SECURITY_INFORMATION

// only reports whether nobody else owns the file or has one of the rights.
func only(d *windows.SECURITY_DESCRIPTOR, rights windows.ACCESS_MASK) (bool, error) {
	own, err := self()
	if err != nil {
		return false, err
	}
	owner, _, err := d.Owner()
	if err != nil {
		return false, err
	}
	list, _, err := d.DACL()
	if errors.Is(err, windows.ERROR_OBJECT_NOT_FOUND) || err == nil && list == nil {
		return false, nil // without a list everybody may do everything
	}
	if err != nil {
		return false, err
	}
	return believed(owner, own) && noStranger(list, own, rights), nil
}

// noStranger reports whether a list gives one of the rights to nobody but those who are believed.
func noStranger(list *windows.ACL, own *windows.SID, rights windows.ACCESS_MASK) bool {
	count := *(*uint16)(unsafe.Add(unsafe.Pointer(list), 4)) // AceCount
	for i := range uint32(count) {
		var e *windows.ACCESS_ALLOWED_ACE
		if windows.GetAce(list, i, &e) != nil {
			return false
		}
		switch {
		case e.Header.AceType == windows.ACCESS_DENIED_ACE_TYPE, e.Header.AceFlags&windows.INHERIT_ONLY_ACE != 0:
		case e.Header.AceType != windows.ACCESS_ALLOWED_ACE_TYPE:
			return false // of a kind that is not read here
		case e.Mask&rights != 0 && !believed((*windows.SID)(unsafe.Pointer(&e.SidStart)), own):
			return false
		}
	}
	return true
}

// trustedInstaller owns what Windows itself installs.
const trustedInstaller = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"

// believed: the user, and who could take the file anyway.
func believed(who, own *windows.SID) bool {
	return who.Equals(own) || who.IsWellKnown(windows.WinLocalSystemSid) || who.IsWellKnown(windows.WinBuiltinAdministratorsSid) || who.String() == trustedInstaller
}
