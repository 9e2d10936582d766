//! [`Scale`]: from a number to a place on the plot, with round steps in between.

use std::ops::RangeInclusive;

pub(super) struct Scale {
    to: f64,
    pixels: RangeInclusive<f64>,
}

impl Scale {
    /// 0 is at the start of `pixels`, and `to` at their end.
    pub(super) fn new(to: f64, pixels: RangeInclusive<f64>) -> Self {
        Self { to, pixels }
    }

    pub(super) fn at(&self, value: f64) -> f64 {
        self.pixels.start() + value / self.to * (self.pixels.end() - self.pixels.start())
    }

    /// Multiples of 1, 2 or 5 and a power of ten, at most `most` of them beside 0.
    pub(super) fn steps(&self, most: u32) -> Vec<f64> {
        let least = self.to / f64::from(most);
        let power = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0].map(|digit| digit * power).into_iter().find(|step| *step >= least);
        let step = step.unwrap_or(10.0 * power);
        (0..=most)
            .map(|count| f64::from(count) * step)
            .filter(|value| *value <= self.to * 1.000_001)
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_its_pixels() {
        let scale = Scale::new(200.0, 300.0..=100.0);
        let places = [0.0, 50.0, 200.0].map(|value| scale.at(value).to_bits());
        assert_eq!(places, [300.0_f64, 250.0, 100.0].map(f64::to_bits));
    }

    #[test]
    fn steps_are_round_and_few() {
        let steps = |to: f64, most| {
            let steps: Vec<_> =
                Scale::new(to, 0.0..=1.0).steps(most).iter().map(|step| format!("{step:.1}")).collect();
            steps.join(" ")
        };
        assert_eq!(steps(30.0, 4), "0.0 10.0 20.0 30.0");
        assert_eq!(steps(0.45, 5), "0.0 0.1 0.2 0.3 0.4");
        assert_eq!(steps(360.0, 8), "0.0 50.0 100.0 150.0 200.0 250.0 300.0 350.0");
        assert_eq!(steps(100.0, 4), "0.0 50.0 100.0");
    }
}
