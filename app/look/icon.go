package look

import (
	"image/color"

	"fyne.io/fyne/v2/canvas"
)

// Icon is a filled shape in a field of 24×24.
type Icon struct{ name, path string }

// Icons of pages and buttons. The shapes of outcomes are Mark's.
var (
	IconHome     = Icon{"home", "M12 2.5L22.8 12H19.5V21.5H14V15H10V21.5H4.5V12H1.2z"}
	IconBack     = Icon{"back", signBack}
	IconStaff    = Icon{"staff", "M12 6A9 9 0 0 1 21 15V17H3V15A9 9 0 0 1 12 6z" + "M1.5 18.5H22.5V21.5H1.5z" + "M10.2 2H13.8V5H10.2z"} // the bell of a counter
	IconPerson   = Icon{"person", "M12 2A5 5 0 0 1 12 12A5 5 0 0 1 12 2z" + "M2.5 22C2.5 16.5 6.5 13.5 12 13.5C17.5 13.5 21.5 16.5 21.5 22z"}
	IconSpeaker  = Icon{"speaker", speaker + "M15.5 7.5C18.5 9 18.5 15 15.5 16.5V14.3C16.7 13.3 16.7 10.7 15.5 9.7z" + "M15.5 3C23 5.6 23 18.4 15.5 21V18.8C20.4 16.4 20.4 7.6 15.5 5.2z"}
	IconMute     = Icon{"mute", speaker + "M15.8 9.2L17.2 7.8L19.5 10.1L21.8 7.8L23.2 9.2L20.9 11.5L23.2 13.8L21.8 15.2L19.5 12.9L17.2 15.2L15.8 13.8L18.1 11.5z"}
	IconSettings = Icon{"settings", "M2 4.5H13A3 3 0 0 1 19 4.5H22V6.5H19A3 3 0 0 1 13 6.5H2z" + "M2 11H5A3 3 0 0 1 11 11H22V13H11A3 3 0 0 1 5 13H2z" + "M2 17.5H13A3 3 0 0 1 19 17.5H22V19.5H19A3 3 0 0 1 13 19.5H2z"}
	IconTicket   = Icon{"ticket", "M1.5 5.5H22.5V10A2 2 0 0 0 22.5 14V18.5H1.5V14A2 2 0 0 0 1.5 10z" + "M15 8V10H16.6V8z" + "M15 11V13H16.6V11z" + "M15 14V16H16.6V14z"}
	IconActivity = Icon{"activity", "M2.5 4H6.5V2H9V4H15V2H17.5V4H21.5V22H2.5z" + "M5 9.5V19.5H19V9.5z" + "M7 11.5H10.5V14.5H7z" + "M13.5 11.5H17V14.5H13.5z"}
	IconPlace    = Icon{"place", "M12 1.5A7.5 7.5 0 0 1 19.5 9C19.5 14.5 12 22.5 12 22.5C12 22.5 4.5 14.5 4.5 9A7.5 7.5 0 0 1 12 1.5z" + "M12 6A3 3 0 0 0 12 12A3 3 0 0 0 12 6z"}
	IconCheckIn  = Icon{"checkin", "M2.5 2.5H21.5V21.5H2.5z" + "M5.34 13.46L10.56 18.68L18.91 9.4L16.69 7.4L10.44 14.32L7.46 11.34z"}
	IconScan     = Icon{"scan", signScan}
	IconPrinter  = Icon{"printer", "M6 2H18V7H6z" + "M1.5 8.5H22.5V18H18.5V14H5.5V18H1.5z" + "M7.5 15.5H16.5V22H7.5z"}
	IconPhone    = Icon{"phone", "M6 1H18V23H6z" + "M8.2 4V18H15.8V4z" + "M10.5 19.5V21H13.5V19.5z"}
	IconSearch   = Icon{"search", "M10 1.5A8.5 8.5 0 0 1 10 18.5A8.5 8.5 0 0 1 10 1.5z" + "M10 4.3A5.7 5.7 0 0 0 10 15.7A5.7 5.7 0 0 0 10 4.3z" + "M15.2 17L17 15.2L23 21.2L21.2 23z"}
	IconMessage  = Icon{"message", "M1.5 3.5H22.5V18H12L6 22.5V18H1.5z"}
	IconNear     = Icon{"near", "M10.4 3H13.6V10.4H21V13.6H13.6V21H10.4V13.6H3V10.4H10.4z"}
	IconFar      = Icon{"far", "M3 10.4H21V13.6H3z"}
	IconAim      = Icon{"aim", "M11 .5H13V3.1A9 9 0 0 1 20.9 11H23.5V13H20.9A9 9 0 0 1 13 20.9V23.5H11V20.9A9 9 0 0 1 3.1 13H.5V11H3.1A9 9 0 0 1 11 3.1z" + "M12 5.2A6.8 6.8 0 0 0 12 18.8A6.8 6.8 0 0 0 12 5.2z" + "M12 8.6A3.4 3.4 0 0 1 12 15.4A3.4 3.4 0 0 1 12 8.6z"}
	IconWalk     = Icon{"walk", "M13.4 1.2A2.2 2.2 0 0 1 13.4 5.6A2.2 2.2 0 0 1 13.4 1.2z" + "M10 6.4L14 6.6L15.6 10L19 11.4L18.2 13.4L14 11.8L13.2 10.4L12.4 13.6L15.4 16.4L16.4 22.6L14 23L13 17.6L9.8 14.8L8.6 18.6L4.8 22.8L3 21.2L6.4 17.4L8.6 9.6L6.8 10.8L6.2 14L4 13.6L4.8 9.4z"}
	IconLeave    = Icon{"leave", "M3 2H14V6H11.5V4.5H5.5V19.5H11.5V18H14V22H3z" + "M9 10.5H16.5V6.5L23 12L16.5 17.5V13.5H9z"}
	IconList     = Icon{"list", "M2 4H5.5V7.5H2z" + "M8 4H22V7.5H8z" + "M2 10.2H5.5V13.7H2z" + "M8 10.2H22V13.7H8z" + "M2 16.5H5.5V20H2z" + "M8 16.5H22V20H8z"}
	IconHelp     = Icon{"help", "M12 1A11 11 0 0 1 12 23A11 11 0 0 1 12 1z" +
		"M12 5.2C9.4 5.2 7.6 6.8 7.5 9.2H9.9C10 8 10.8 7.3 12 7.3C13.2 7.3 14 8 14 9C14 10 13.4 10.5 12.5 11.2C11.3 12.1 10.8 12.9 10.8 14.6H13.2C13.2 13.5 13.5 13.1 14.4 12.4C15.6 11.5 16.5 10.6 16.5 8.9C16.5 6.7 14.7 5.2 12 5.2z" +
		"M10.7 16.2V18.8H13.3V16.2z"}
)

const speaker = "M2 8.5H6.5L13 3V21L6.5 15.5H2z"

// Draw gives the icon in a colour; it fills the place that it gets.
func (i Icon) Draw(c color.Color) *canvas.Image { return sign(i.name, i.path, c) }
