package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"regexp"
	"strings"

	"gopkg.in/ini.v1"
)

const (
	suffix        = "__FILE"
	defaultConfig = "/etc/grafana/grafana.ini"
)

// expander is Grafana's own pattern: $__file{x}, $__env{x}, and ${x} for the environment.
var expander = regexp.MustCompile(`\$(|__\w+){([^}]+)}`)

// readFiles does what the image's start script does with GF_X__FILE: its file's content, without trailing newlines,
// becomes GF_X. A file that is not there leaves GF_X empty and the script goes on; both being set ends it.
func readFiles(environ []string, read func(string) ([]byte, error)) (map[string]string, error) {
	found := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		found[name] = value
	}
	for name, path := range found {
		plain := strings.TrimSuffix(name, suffix)
		if !strings.HasPrefix(name, "GF_") || plain == name || plain == "GF_" || path == "" {
			continue
		}
		if found[plain] != "" {
			return nil, fmt.Errorf("ERROR: Both %s and %s are set (but are exclusive)", plain, name)
		}
		log.Printf("lab-grafana: Getting secret %s from %s", plain, path)
		content, err := read(path)
		if err != nil {
			log.Printf("lab-grafana: %s: %v", path, err)
		}
		found[plain] = strings.TrimRight(string(content), "\n")
		delete(found, name)
	}
	return found, nil
}

// settings is a grafana.ini with the environment over it; values are expanded when they are asked for.
type settings struct {
	file        *ini.File
	environment map[string]string
	err         error // of the first value that could not be expanded
}

func readSettings(path string, environment map[string]string) (*settings, error) {
	if path == "" {
		path = environment["GF_PATHS_CONFIG"]
	}
	if path == "" {
		path = defaultConfig
	}
	file, err := ini.LoadSources(ini.LoadOptions{Loose: true, IgnoreInlineComment: false}, path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	found := &settings{file: file, environment: environment}
	return found, found.expandAll()
}

// expandAll fails where Grafana would not start: every value of the file is expanded there, used or not.
func (s *settings) expandAll() error {
	for _, section := range s.file.Sections() {
		for _, key := range section.Keys() {
			s.get(section.Name(), key.Name(), "")
		}
	}
	return s.err
}

func (s *settings) get(section, key, preset string) string {
	value := s.file.Section(section).Key(key).MustString(preset)
	if named := s.environment[variable(section, key)]; named != "" {
		value = named
	}
	expanded, err := s.expand(value)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("[%s] %s: %w", section, key, err)
	}
	return expanded
}

// variable is the name that overrides a key: GF_SECTION_KEY with dots and dashes as underscores.
func variable(section, key string) string {
	tidy := strings.NewReplacer(".", "_", "-", "_")
	return "GF_" + strings.ToUpper(tidy.Replace(section)+"_"+tidy.Replace(key))
}

func (s *settings) expand(value string) (string, error) {
	var failure error
	expanded := expander.ReplaceAllStringFunc(value, func(found string) string {
		parts := expander.FindStringSubmatch(found)
		switch parts[1] {
		case "__file":
			content, err := os.ReadFile(parts[2])
			if errors.Is(err, fs.ErrNotExist) {
				failure = fmt.Errorf("$__file{%s}: there is no such file", parts[2])
			} else if err != nil {
				failure = err
			}
			return strings.TrimSpace(string(content))
		case "", "__env":
			return s.environment[parts[2]]
		default:
			return found
		}
	})
	return expanded, failure
}
