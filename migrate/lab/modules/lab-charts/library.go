package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"
)

//go:embed all:charts
var shelf embed.FS

const (
	generic       = "other"
	appVersion    = "lab"
	manifestType  = "application/vnd.oci.image.manifest.v1+json"
	configType    = "application/vnd.cncf.helm.config.v1+json"
	contentType   = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
	archivePrefix = "/lab-charts/"
)

// contains names the charts that hold another one, switched by the value NAME.enabled.
var contains = map[string]string{"kube-prometheus-stack": "grafana"}

// library answers for any repository: an index and archives, or an OCI registry.
type library struct {
	demand *demand

	mutex sync.Mutex
	blobs map[string]blob // by digest, of what was named by a tag since the start
}

type blob struct {
	mediaType string
	content   []byte
}

var registryPath = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags)/(.+)$`)

func (l *library) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		http.Error(w, "the lab's chart repositories are read-only", http.StatusMethodNotAllowed)
	case r.URL.Path == "/v2/":
		reply(w, "application/json", []byte("{}"))
	case registryPath.MatchString(r.URL.Path):
		l.registry(w, r)
	case strings.HasSuffix(r.URL.Path, "/index.yaml"):
		l.index(w, r)
	case strings.HasSuffix(r.URL.Path, ".tgz") && strings.Contains(r.URL.Path, archivePrefix):
		name, version, _ := strings.Cut(strings.TrimSuffix(path.Base(r.URL.Path), ".tgz"), "@")
		reply(w, "application/gzip", archive(name, version))
	default:
		http.Error(w, "the lab answers for chart repositories only, and reaches nothing outside", http.StatusNotFound)
	}
}

// index is JSON, which is YAML as well.
func (l *library) index(w http.ResponseWriter, r *http.Request) {
	wishes, err := l.demand.wishes(r.Context())
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	entries := map[string][]map[string]any{}
	for one := range wishes {
		if one.repository == r.Host+strings.TrimSuffix(r.URL.Path, "/index.yaml") {
			entry := metadata(one.chart, one.version)
			sum := sha256.Sum256(archive(one.chart, one.version))
			entry["digest"] = hex.EncodeToString(sum[:])
			entry["created"] = time.Unix(0, 0).UTC().Format(time.RFC3339)
			entry["urls"] = []string{strings.TrimPrefix(archivePrefix, "/") + one.chart + "@" + one.version + ".tgz"}
			entries[one.chart] = append(entries[one.chart], entry)
		}
	}
	document, _ := json.Marshal(map[string]any{
		"apiVersion": "v1", "entries": entries, "generated": time.Unix(0, 0).UTC().Format(time.RFC3339),
	})
	reply(w, "application/yaml", document)
}

func (l *library) registry(w http.ResponseWriter, r *http.Request) {
	parts := registryPath.FindStringSubmatch(r.URL.Path)
	repository, what, reference := parts[1], parts[2], parts[3]
	switch {
	case what == "tags":
		tags, err := l.demand.tags(r.Context(), r.Host+"/"+repository)
		if err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		document, _ := json.Marshal(map[string]any{"name": repository, "tags": tags})
		reply(w, "application/json", document)
	case strings.HasPrefix(reference, "sha256:"):
		l.mutex.Lock()
		found, ok := l.blobs[reference]
		l.mutex.Unlock()
		if !ok {
			http.Error(w, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`, http.StatusNotFound)
			return
		}
		w.Header().Set("Docker-Content-Digest", reference)
		reply(w, found.mediaType, found.content)
	default:
		manifest := l.manifest(path.Base(repository), strings.ReplaceAll(reference, "_", "+"))
		w.Header().Set("Docker-Content-Digest", digest(manifest))
		reply(w, manifestType, manifest)
	}
}

// manifest is a chart as an OCI artifact; its parts can be asked for from then on.
func (l *library) manifest(chart, version string) []byte {
	config, _ := json.Marshal(metadata(chart, version))
	document, _ := json.Marshal(map[string]any{
		"schemaVersion": 2,
		"mediaType":     manifestType,
		"config":        l.keep(blob{configType, config}),
		"layers":        []any{l.keep(blob{contentType, archive(chart, version)})},
	})
	l.keep(blob{manifestType, document})
	return document
}

func (l *library) keep(part blob) map[string]any {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.blobs == nil {
		l.blobs = map[string]blob{}
	}
	l.blobs[digest(part.content)] = part
	return map[string]any{"mediaType": part.mediaType, "digest": digest(part.content), "size": len(part.content)}
}

func digest(content []byte) string {
	sum := sha256.Sum256(content)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func metadata(chart, version string) map[string]any {
	found := map[string]any{
		"apiVersion": "v2", "name": chart, "version": version, "appVersion": appVersion, "type": "application",
		"description": "The lab's own chart under this name; not the published one.",
	}
	if inner, ok := contains[chart]; ok {
		found["dependencies"] = []any{
			map[string]any{"name": inner, "version": "*", "condition": inner + ".enabled", "repository": ""},
		}
	}
	return found
}

// archive is a chart as Helm packs it, the same bytes every time.
func archive(chart, version string) []byte {
	packed := &bytes.Buffer{}
	zipped := gzip.NewWriter(packed)
	written := tar.NewWriter(zipped)
	pack(written, chart, chart, version)
	if inner, ok := contains[chart]; ok {
		pack(written, path.Join(chart, "charts", inner), inner, "1.0.0")
	}
	_ = written.Close() // writes to memory: cannot fail
	_ = zipped.Close()
	return packed.Bytes()
}

func pack(written *tar.Writer, into, chart, version string) {
	folder := path.Join("charts", chart)
	if _, err := fs.Stat(shelf, folder); err != nil {
		folder = path.Join("charts", generic)
	}
	head, _ := json.Marshal(metadata(chart, version))
	add(written, path.Join(into, "Chart.yaml"), head)
	_ = fs.WalkDir(shelf, folder, func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := shelf.ReadFile(file)
		add(written, path.Join(into, strings.TrimPrefix(file, folder+"/")), content)
		return err
	})
}

func add(written *tar.Writer, name string, content []byte) {
	_ = written.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), ModTime: time.Unix(0, 0)})
	_, _ = written.Write(content)
}

func reply(w http.ResponseWriter, mediaType string, content []byte) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	_, _ = w.Write(content)
}
