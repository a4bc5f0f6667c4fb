package web

import (
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"strings"
)

// AddPages adds the templates of fsys that match pattern, for routes that the composition root adds. Each
// defines "content", as the pages of this package do. Call it after Init and before anything is served.
func (k *Kit) AddPages(fsys fs.FS, pattern string) error {
	names, err := fs.Glob(fsys, pattern)
	if err != nil {
		return fmt.Errorf("web: templates: %w", err)
	}
	all := maps.Clone(k.pages.byName)
	for _, name := range names {
		base := strings.TrimSuffix(path.Base(name), ".html")
		funcs := template.FuncMap{"plain": Plain, "lines": lines}
		set, err := template.New("layout.html").Funcs(funcs).Option("missingkey=error").ParseFS(templateFiles, "templates/layout.html")
		if err == nil {
			set, err = set.ParseFS(fsys, name)
		}
		if err != nil {
			return fmt.Errorf("web: template %s: %w", base, err)
		}
		all[base] = set
	}
	k.pages = &templates{byName: all}
	return nil
}
