package boot

import (
	"fmt"

	"yizhan/app/device"
	"yizhan/app/paper"
)

const printerUsage = "receipt `printer`: usb:/dev/usb/lp0, tcp:HOST:9100, or png:FOLDER, which writes pictures"

// dots is how many dots printers have over the width of their paper in mm.
var dots = map[int]int{58: paper.Narrow, 80: paper.Wide}

// printerOf makes the printer of the flags -printer and -paper; nil where there is none.
func printerOf(flag string, width int) (device.Printer, int, error) {
	n, ok := dots[width]
	if !ok {
		return nil, 0, fmt.Errorf("-paper %d is not 58 or 80 (mm)", width)
	}
	if flag == "" {
		return nil, n, nil
	}
	p, err := device.ParsePrinter(flag)
	return p, n, err
}
