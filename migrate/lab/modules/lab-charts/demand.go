package main

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/Masterminds/semver/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/dynamic"
)

const (
	pause       = time.Second
	requestedAt = "reconcile.fluxcd.io/requestedAt"
)

func kind(resource string) schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: "source.toolkit.fluxcd.io", Version: "v1", Resource: resource}
}

var (
	helmCharts      = kind("helmcharts")
	helmRepos       = kind("helmrepositories")
	ociRepositories = kind("ocirepositories")
)

// wish is a chart at a version, asked of a repository's address (without scheme and trailing slash).
type wish struct{ repository, chart, version string }

// demand is what the cluster's objects ask of chart repositories. It is read from the cluster every time: an index is
// never older than the request for it.
type demand struct{ client dynamic.Interface }

// wishes are all charts asked for, in order, and for each the repository object that is to be read again.
func (d *demand) wishes(stop context.Context) (map[wish]types.NamespacedName, error) {
	repositories, err := d.list(stop, helmRepos)
	if err != nil {
		return nil, err
	}
	addresses := map[types.NamespacedName]string{}
	for _, one := range repositories {
		said, _, _ := unstructured.NestedString(one.Object, "spec", "url")
		addresses[types.NamespacedName{Namespace: one.GetNamespace(), Name: one.GetName()}] = address(said)
	}
	charts, err := d.list(stop, helmCharts)
	if err != nil {
		return nil, err
	}
	found := map[wish]types.NamespacedName{}
	for _, one := range charts {
		spec, _, _ := unstructured.NestedMap(one.Object, "spec")
		source, _, _ := unstructured.NestedStringMap(spec, "sourceRef")
		from := types.NamespacedName{Namespace: one.GetNamespace(), Name: source["name"]}
		if repository, known := addresses[from]; known && source["kind"] == "HelmRepository" {
			constraint, _ := spec["version"].(string)
			found[wish{repository, fmt.Sprint(spec["chart"]), allowed(constraint)}] = from
		}
	}
	return found, nil
}

// tags are the versions that anybody asks of an OCI repository.
func (d *demand) tags(stop context.Context, repository string) ([]string, error) {
	wishes, err := d.wishes(stop)
	if err != nil {
		return nil, err
	}
	tags := map[string]bool{}
	for one := range wishes {
		if one.repository+"/"+one.chart == repository {
			tags[one.version] = true
		}
	}
	artifacts, err := d.list(stop, ociRepositories)
	if err != nil {
		return nil, err
	}
	for _, one := range artifacts {
		said, _, _ := unstructured.NestedString(one.Object, "spec", "url")
		reference, _, _ := unstructured.NestedStringMap(one.Object, "spec", "ref")
		if address(said) == repository && reference["semver"] != "" {
			tags[allowed(reference["semver"])] = true
		}
	}
	sorted := []string{}
	for tag := range tags {
		sorted = append(sorted, strings.ReplaceAll(tag, "+", "_"))
	}
	sort.Strings(sorted)
	return sorted, nil
}

// watch asks for a repository to be read again when a chart is wanted of it that was not wanted before.
func (d *demand) watch(stop context.Context) {
	known := map[wish]bool{}
	said := ""
	for stop.Err() == nil {
		wishes, err := d.wishes(stop)
		if err != nil && err.Error() != said {
			said = err.Error() // once: before Flux's definitions are there this is so every second
			log.Printf("lab-charts: %v", err)
		}
		for one, repository := range wishes {
			if known[one] {
				continue
			}
			if err := d.touch(stop, repository); err != nil {
				log.Printf("lab-charts: %s: %v", repository, err)
				continue
			}
			known[one] = true
			log.Printf("lab-charts: %s %s is wanted of %s", one.chart, one.version, one.repository)
		}
		select {
		case <-stop.Done():
		case <-time.After(pause):
		}
	}
}

func (d *demand) touch(stop context.Context, name types.NamespacedName) error {
	patch := fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`, requestedAt, time.Now().Format(time.RFC3339Nano))
	_, err := d.client.Resource(helmRepos).Namespace(name.Namespace).Patch(
		stop, name.Name, types.MergePatchType, []byte(patch), metav1.PatchOptions{FieldManager: "lab-charts"})
	return err
}

func (d *demand) list(stop context.Context, resource schema.GroupVersionResource) ([]unstructured.Unstructured, error) {
	found, err := d.client.Resource(resource).List(stop, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return found.Items, nil
}

// address is a repository's URL without what differs between those who name it.
func address(said string) string {
	parsed, err := url.Parse(said)
	if err != nil {
		return said
	}
	return parsed.Host + strings.TrimSuffix(parsed.Path, "/")
}

var numbers = regexp.MustCompile(`\d+(\.\d+){0,2}(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?`)

// allowed is a version that a constraint allows: the one it names, or the nearest above or below a number in it.
func allowed(constraint string) string {
	if _, err := semver.StrictNewVersion(strings.TrimPrefix(constraint, "v")); err == nil {
		return constraint
	}
	parsed, err := semver.NewConstraint(constraint)
	if err != nil {
		return "1.0.0"
	}
	for _, number := range append(numbers.FindAllString(constraint, -1), "1.0.0", "0.0.0") {
		base, err := semver.NewVersion(number)
		if err != nil {
			continue
		}
		for _, candidate := range neighbours(*base) {
			if parsed.Check(&candidate) {
				return candidate.String()
			}
		}
	}
	return "1.0.0"
}

func neighbours(base semver.Version) []semver.Version {
	found := []semver.Version{base, base.IncPatch(), base.IncMinor(), base.IncMajor()}
	below := func(major, minor, patch uint64) {
		found = append(found, *semver.New(major, minor, patch, "", ""))
	}
	if base.Patch() > 0 {
		below(base.Major(), base.Minor(), base.Patch()-1)
	}
	if base.Minor() > 0 {
		below(base.Major(), base.Minor()-1, 0)
	}
	if base.Major() > 0 {
		below(base.Major()-1, 0, 0)
	}
	return found
}
