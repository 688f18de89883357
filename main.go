// Command yizhan is the app of stations, staff and members: one program, whose
// role is the one that the device was enrolled in.
package main

import (
	"os"

	"yizhan/app/boot"
)

func main() { os.Exit(boot.Main(os.Args[1:], os.Stderr)) }
