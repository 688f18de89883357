package geo

import "math"

// earth is the mean radius in metres (IUGG).
const earth = 6_371_008.8

// Distance is the length of the great circle between two WGS84 points, in metres.
func Distance(a, b Point) float64 {
	lat1, lat2 := radians(a.Lat), radians(b.Lat)
	h := square(math.Sin((lat2-lat1)/2)) + math.Cos(lat1)*math.Cos(lat2)*square(math.Sin(radians(b.Lon-a.Lon)/2))
	return 2 * earth * math.Asin(math.Sqrt(min(1, h)))
}

// Offset goes metres from a WGS84 point towards a bearing in degrees, clockwise
// from north. It is meant for distances inside a city.
func Offset(p Point, metres, bearing float64) Point {
	north, east := metres*math.Cos(radians(bearing))/earth, metres*math.Sin(radians(bearing))/(earth*math.Cos(radians(p.Lat)))
	return Point{p.Lat + north*180/math.Pi, p.Lon + east*180/math.Pi}
}

func radians(degrees float64) float64 { return degrees * math.Pi / 180 }

func square(x float64) float64 { return x * x }
