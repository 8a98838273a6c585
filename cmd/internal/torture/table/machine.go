package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// Machine is what the rigs ran on, as far as the figures depend on it.
type Machine struct {
	Processor string `json:"processor"`
	Cores     int    `json:"cores"`
	MemoryGB  int    `json:"memory_gb"`
	System    string `json:"system"`
	Kernel    string `json:"kernel"`
	Disk      string `json:"disk"` // file system of the folder for temporary files
	Go        string `json:"go"`
}

func (m Machine) String() string {
	return fmt.Sprintf("%d cores of %s, %d GB, %s, Linux %s, %s, %s", m.Cores, m.Processor, m.MemoryGB, m.System, m.Kernel, m.Disk, m.Go)
}

func thisMachine() Machine {
	m := Machine{Cores: runtime.NumCPU(), Go: runtime.Version(), Disk: disk(os.TempDir()),
		Processor: after("/proc/cpuinfo", "model name\t: "), System: strings.Trim(after("/etc/os-release", "PRETTY_NAME="), `"`)}
	var info unix.Sysinfo_t
	if unix.Sysinfo(&info) == nil {
		m.MemoryGB = int((uint64(info.Totalram)*uint64(info.Unit) + 1<<29) >> 30)
	}
	var name unix.Utsname
	if unix.Uname(&name) == nil {
		release, _, _ := strings.Cut(unix.ByteSliceToString(name.Release[:]), "-")
		m.Kernel = release
	}
	return m
}

// after is the rest of the first line of a file that begins so.
func after(path, prefix string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return "unknown"
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, prefix); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}

// disk names the file system that holds a folder.
func disk(dir string) string {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return "unknown"
	}
	names := map[int64]string{unix.EXT4_SUPER_MAGIC: "ext4", unix.TMPFS_MAGIC: "tmpfs", unix.XFS_SUPER_MAGIC: "xfs",
		unix.BTRFS_SUPER_MAGIC: "btrfs", unix.OVERLAYFS_SUPER_MAGIC: "overlayfs"}
	if name, ok := names[int64(s.Type)]; ok {
		return name
	}
	return fmt.Sprintf("file system %#x", s.Type)
}
